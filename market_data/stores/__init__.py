"""The homes of bars, behind one Protocol."""
