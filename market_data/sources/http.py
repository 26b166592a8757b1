"""One GET to a source: paced, bounded in time and size, tried again with jitter."""

import logging
import random
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from market_data.clock import Sleep
from market_data.errors import (
    BadAnswer,
    NotPermitted,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from market_data.sources.connections import bound
from market_data.sources.pacing import Breaker, Pace, Seconds
from market_data.sources.turns import CommonPace

__all__ = ["Answer", "Http", "Redactor", "retry_after"]

log = logging.getLogger(__name__)

USER_AGENT = "IntellPulse/1.0"
CONNECT, READ, TOTAL = 5.0, 15.0, 60.0  # seconds
ATTEMPTS = 4
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0  # seconds; what a Retry-After asks for beyond is the caller's
SHORTEST_BAN, LONGEST_BAN = 120.0, 3 * 86_400.0  # seconds, of which Binance documents both
MAX_BYTES = 32 * 1024 * 1024
PIECE = 64 * 1024
REDIRECTS = 3
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# What a source says of the question itself; the others are told apart here.
ABOUT_THE_QUESTION = frozenset({200, 400, 404, 422})
MOVED = frozenset({301, 302, 303, 307, 308})


class Redactor:
    """Takes secrets out of texts: errors repeat what sources say, and some repeat the key."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, so that none is left in part.
        self._secrets = sorted((one for one in secrets if one), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text on one line, without secrets and no longer than a sentence."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = " ".join(text.split())
        return text if len(text) <= 200 else text[:197] + "..."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    body: bytes


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After asks for, given in seconds or as a date, 0 to three days.

    None where there is none, or where it cannot be read.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        # A date without a zone is one in UTC, as HTTP's dates are.
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (zoned - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_BAN)


class Http:
    """GETs to one source.

    Parameters
    ----------
    source : str
        Its name, as errors tell it.
    base : str
        https, a host and perhaps a path; http only on this machine, for tests.
    pace, breaker
        Those of the source.
    common : CommonPace, optional
        What keeps to the source's limit together with other processes, once this one does.
    headers : mapping
        Sent with each request; keys among them.
    secrets : iterable of str
        Taken out of everything that is told.
    clock : monotonic seconds
    sleep : Sleep
    wall : callable
        The time of day, for dates in Retry-After.
    jitter : callable
        A number from 0 to the one given.

    Notes
    -----
    A request that fails on the way, or is answered by 5xx, is sent again up to three times, after
    a random time up to 0.5 s, 1 s and 2 s (full jitter). A 429 is waited for where Retry-After asks
    for no more than 20 s; else it is the caller's to come back. A 418 is never tried again.
    """

    def __init__(
        self,
        source: str,
        base: str,
        pace: Pace,
        breaker: Breaker,
        common: CommonPace | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        clock: Seconds = time.monotonic,
        sleep: Sleep = time.sleep,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[float], float] = lambda most: random.uniform(0.0, most),
        max_bytes: int = MAX_BYTES,
    ) -> None:
        _require_secure(source, base)
        self.source = source
        self.told = Redactor(secrets)
        self._base = base.rstrip("/")
        self._pace = pace
        self._breaker = breaker
        self._common = common
        self._headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **(headers or {})}
        self._clock = clock
        self._sleep = sleep
        self._wall = wall
        self._jitter = jitter
        self._max_bytes = max_bytes
        self._pool = _pool()

    def close(self) -> None:
        """Let go of open connections."""
        self._pool.clear()

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """The answer to a GET: of status 200, or 400, 404 and 422, which speak of the question.

        Raises
        ------
        SourceUnavailable, RateLimited, NotPermitted, BadAnswer
        """
        url = f"{self._base}{path}?{urlencode(query)}" if query else f"{self._base}{path}"
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            self._breaker.enter()
            self._pace.take()
            if self._common is not None:
                self._common.take()
            try:
                answer, said = self._once(url)
                self._judge(answer, said)
            except RateLimited as error:
                # The source is well, only asked too often.
                self._breaker.succeeded()
                wait = error.retry_after
                if last or wait is None or wait > LONGEST_WAIT:
                    raise
            except SourceUnavailable as error:
                self._breaker.failed()
                wait = error.retry_after
                if last or (wait or 0.0) > LONGEST_WAIT:
                    raise
            except SourceError:
                # It answers; that it says nothing of use is no reason to leave it alone.
                self._breaker.succeeded()
                raise
            else:
                self._breaker.succeeded()
                return answer
            least = wait or 0.0
            self._sleep(least + self._jitter(FIRST_WAIT * 2.0**attempt))
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _once(self, url: str) -> tuple[Answer, float | None]:
        """One request with its redirects, and the Retry-After it was answered with."""
        ends = self._clock() + TOTAL
        for _ in range(REDIRECTS + 1):
            try:
                response = self._pool.request(
                    "GET",
                    url,
                    headers=self._headers,
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                )
            except HTTPError as error:
                raise SourceUnavailable(self.source, f"cannot be reached: {_kind(error)}") from None
            try:
                if response.status not in MOVED:
                    return self._whole(response, ends)
                url = self._elsewhere(url, response.headers.get("Location", ""))
            finally:
                response.close()
        raise BadAnswer(self.source, "redirects in a circle")

    def _whole(
        self, response: urllib3.BaseHTTPResponse, ends: float
    ) -> tuple[Answer, float | None]:
        """An answer read whole, within its bounds."""
        pieces, size = [], 0
        try:
            # Whatever is there, at once: read() would wait for all of a piece, drop by drop.
            while piece := response.read1(PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > self._max_bytes:
                    raise BadAnswer(self.source, f"answered more than {self._max_bytes} bytes")
                if self._clock() > ends:
                    raise SourceUnavailable(self.source, f"took more than {TOTAL:.0f} s to answer")
        except HTTPError as error:
            raise SourceUnavailable(self.source, f"broke off its answer: {_kind(error)}") from None
        body = self._unpacked(b"".join(pieces), response.headers.get("Content-Encoding", ""))
        log.info("%s answered %d with %d bytes", self.source, response.status, len(body))
        content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        wait = retry_after(response.headers.get("Retry-After"), self._wall())
        return Answer(response.status, content_type, body), wait

    def _unpacked(self, body: bytes, coding: str) -> bytes:
        if coding.lower() in {"", "identity"}:
            return body
        if coding.lower() not in {"gzip", "x-gzip"}:
            raise BadAnswer(self.source, f"answered in the coding {self.told(coding)}, unasked")
        unpacker = zlib.decompressobj(wbits=31)
        try:
            plain = unpacker.decompress(body, self._max_bytes)
        except zlib.error:
            raise BadAnswer(self.source, "answered with damaged gzip") from None
        if unpacker.unconsumed_tail:
            raise BadAnswer(self.source, f"answered more than {self._max_bytes} bytes, packed")
        if not unpacker.eof:
            raise SourceUnavailable(self.source, "broke off its answer: half of a gzip stream")
        return plain

    def _elsewhere(self, url: str, location: str) -> str:
        """Where a redirect leads: nowhere but to the same host."""
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        if not location or (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise BadAnswer(self.source, "redirects to another host, which is not followed")
        return target

    def _judge(self, answer: Answer, wait: float | None) -> None:
        """Raise for a status that does not speak of the question."""
        status = answer.status
        if status in ABOUT_THE_QUESTION:
            return
        if status in {418, 429}:
            if status == 418:
                # Banned: no request may follow, not even one that would wait.
                wait = max(wait or 0.0, SHORTEST_BAN)
            if wait is not None:
                self._pace.pause(wait)
                if self._common is not None:
                    self._common.pause(wait)
            what = "has banned this address for a while" if status == 418 else "was asked too often"
            raise RateLimited(self.source, what, wait)
        if status in {401, 403, 407, 451}:
            said = self.told(answer.body[:1000].decode("utf-8", "replace"))
            raise NotPermitted(self.source, f"does not permit it ({status}): {said}")
        if status >= 500 or status == 408:
            raise SourceUnavailable(self.source, f"answered {status}", wait)
        raise BadAnswer(self.source, f"answered {status}")


def _require_secure(source: str, base: str) -> None:
    """Refuse an address at which somebody else could listen."""
    place = urlsplit(base)
    if place.scheme != "https" and not (place.scheme == "http" and place.hostname in LOOPBACK):
        raise ValueError(f"{source}: an address begins with https://, not {place.scheme}://")


def _pool() -> urllib3.PoolManager:
    return bound(
        urllib3.PoolManager(
            num_pools=2,
            maxsize=4,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT, read=READ),
            cert_reqs="CERT_REQUIRED",
        )
    )


def _kind(error: HTTPError) -> str:
    """What went wrong on the way, without the address that urllib3 puts in its texts."""
    return type(getattr(error, "reason", None) or error).__name__
