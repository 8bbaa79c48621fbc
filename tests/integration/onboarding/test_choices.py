"""PROMISE: whoever sends what is none of the choices is told what they are, by every way in, and each time again."""

from tests.integration.onboarding.census_by_file import row_of
from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import cloud_event, content

CHOICES = "month, quarter, year"
WRONG = content(access__invoice_interval="week")


async def test_a_person_and_a_file_and_a_draft_are_told_the_choices(running: Running) -> None:
    await running.register_agency()
    (over_http,) = (await running.create(WRONG)).json()["errors"]
    (of_a_row,) = (await row_of(running, WRONG))["errors"]
    (of_a_draft,) = (await Guide.begun(running, WRONG)).draft["errors"]
    for error in (over_http, of_a_row, of_a_draft):
        assert error["code"] == "invalid_choice"
        assert CHOICES in error["detail_sv"]
        assert CHOICES in error["detail_en"]


async def test_a_source_that_sends_the_same_again_is_told_the_choices_again(running: Running) -> None:
    await running.register_agency()
    wrong = cloud_event(data={"agency": "byra-ett", **WRONG})
    await running.ask(wrong)
    await running.ask(wrong)
    first, again = (data for _, data in await running.results())
    assert CHOICES in first["detail_en"]
    assert again == first
