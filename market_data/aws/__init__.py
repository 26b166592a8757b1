"""How AWS is asked, by the store of bars and by that of accounts: one way for both."""
