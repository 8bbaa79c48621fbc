"""The acts, as the history names them and as the routes explain them."""

from services.activation.domain.acts import ACT_NAMES
from services.activation.web.act_names import MEANINGS

BESIDE = {"activate", "confirm_kyc", "cancel", "change_licences", "due"}
"""Acts that are decided without the whole client, or by nobody."""


def test_every_act_is_explained_and_nothing_else_is() -> None:
    assert set(MEANINGS) == {*ACT_NAMES, *BESIDE}
