"""How long a server asks to wait."""

from email.utils import formatdate

from inpars.data.waiting import retry_after


def test_the_wait_is_a_number_of_seconds_however_the_header_is_spelt():
    assert retry_after({"Retry-After": "2.5"}) == retry_after({"retry-after": "2.5"}) == 2.5
    assert retry_after({"retry-after-ms": "300", "Retry-After": "9"}) == 0.3


def test_the_wait_may_be_given_as_a_date():
    now = 1_800_000_000
    assert retry_after({"retry-after": formatdate(now + 30, usegmt=True)}, now) == 30
    assert retry_after({"Retry-After": formatdate(now - 30, usegmt=True)}, now) == 0
    assert (retry_after({"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}) or 0) > 1e6


def test_what_is_no_time_is_no_wish():
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None
