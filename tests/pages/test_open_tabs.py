"""What an open tab may still ask for after its session has ended."""

from __future__ import annotations

from streamlit.proto.BackMsg_pb2 import BackMsg

from dashboard.open_tabs import whole_page


def rerun(fragment: str) -> BackMsg:
    message = BackMsg()
    message.rerun_script.fragment_id = fragment
    message.rerun_script.query_string = "tab=Programs"
    return message


def test_a_fragment_becomes_the_whole_page() -> None:
    asked = BackMsg.FromString(whole_page(rerun("f-1").SerializeToString()))
    assert asked.rerun_script.fragment_id == ""
    assert asked.rerun_script.query_string == "tab=Programs"


def test_every_other_message_stays_as_it_is() -> None:
    page = rerun("").SerializeToString()
    stop = BackMsg(stop_script=True).SerializeToString()
    for data in (page, stop, b"\xff\xffnot a message"):
        assert whole_page(data) == data
