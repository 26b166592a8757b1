"""Calls of AWS: what is asked again, after what pause, and what an answer that refuses says."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from market_data.aws.calls import Calls, ConditionFailed, Refused
from market_data.aws.patience import within
from market_data.errors import StoreThrottled, StoreUnavailable, StoreUntouched

AWAY = EndpointConnectionError(endpoint_url="http://nowhere")


def refusal(code, **more):
    return ClientError({"Error": {"Code": code, "Message": ""}, **more}, "PutItem")


class Service:
    """Fails in turn as it is told to, and then answers; its time passes as it is told."""

    def __init__(self, *errors, takes=0.01):
        self.errors, self.takes = list(errors), takes
        self.asked, self.pauses, self.time = 0, [], 100.0

    def __call__(self, **request):
        self.asked += 1
        self.time += self.takes
        if self.errors:
            raise self.errors.pop(0)
        return request

    def calls(self, **how):
        return Calls(self.pauses.append, lambda: self.time, **how)


def test_what_may_happen_twice_is_asked_again_after_pauses_that_grow_to_a_limit(monkeypatch):
    monkeypatch.setattr("random.random", lambda: 1.0)
    service = Service(*[AWAY] * 7)
    assert service.calls().ask_again(service, 8, Key="a") == {"Key": "a"}
    assert service.pauses == [0.05, 0.1, 0.2, 0.25, 0.25, 0.25, 0.25]


def test_it_is_asked_three_times_and_no_more():
    service = Service(*[AWAY] * 9)
    with pytest.raises(StoreUnavailable, match="DynamoDB is not reached: EndpointConnectionError"):
        service.calls().ask_again(service)
    assert service.asked == 3


def test_what_never_reached_a_service_is_told_from_what_got_no_answer():
    for fault, kind, said in (
        (AWAY, StoreUntouched, "is not reached"),
        (ConnectTimeoutError(endpoint_url="http://full"), StoreUntouched, "is not reached"),
        (ReadTimeoutError(endpoint_url="http://slow"), StoreUnavailable, "did not answer"),
    ):
        with pytest.raises(StoreUnavailable, match=f"DynamoDB {said}") as failed:
            Calls.ask(Service(fault))
        assert type(failed.value) is kind


def test_a_slow_failure_leaves_no_time_for_another_attempt():
    service = Service(AWAY, takes=0.3)
    with pytest.raises(StoreUnavailable):
        service.calls().ask_again(service)
    assert service.asked == 1


def test_nothing_is_asked_again_of_which_the_caller_cannot_wait_for_the_answer():
    service = Service(*[AWAY] * 2)
    with within(0.6), pytest.raises(StoreUnavailable):
        service.calls().ask_again(service)
    assert service.asked == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "SlowDown", "RequestLimitExceeded"])
def test_a_service_that_is_asked_too_much_is_asked_again_only_by_work_that_can_wait(code):
    service = Service(refusal(code))
    assert service.calls().ask_again(service, Bucket="b") == {"Bucket": "b"}
    assert len(service.pauses) == 1

    service = Service(refusal(code))
    with pytest.raises(StoreThrottled, match=f"S3 is throttled: {code}"):
        service.calls(when_throttled=False).ask_again(service, Bucket="b")
    assert service.asked == 1


def test_a_condition_that_failed_is_an_answer_with_the_item_that_failed_it():
    item = {"tat": {"N": "5"}}
    for error, told in (
        (refusal("ConditionalCheckFailedException", Item=item), item),
        (refusal("ConditionalCheckFailedException"), {}),
        (
            refusal(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "None"}, {"Code": "ConditionalCheckFailed"}],
            ),
            {},
        ),
    ):
        service = Service(error)
        with pytest.raises(ConditionFailed) as failed:
            service.calls().ask_again(service)
        assert failed.value.item == told
        assert service.asked == 1


def test_an_object_that_is_not_there_is_an_answer_and_any_other_refusal_an_outage():
    service = Service(refusal("NoSuchKey"), refusal("AccessDenied"))
    with pytest.raises(Refused, match="NoSuchKey"):
        service.calls().ask_again(service, Bucket="b")
    with pytest.raises(StoreUnavailable, match="S3 refused: AccessDenied"):
        Calls.ask(service, Bucket="b")
