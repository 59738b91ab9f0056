"""`promptkeeper notices`: what is told to whom, tried by a person; and what the doctor says about channels."""

import json
from datetime import UTC, datetime

import pytest

from tests.journeys.post_office import SECRET
from tests.receivers import Receiver, listening


@pytest.fixture
def receiver():
    """A receiver that listens."""
    with listening() as mine:
        yield mine


@pytest.fixture
def told(triage, receiver, monkeypatch):
    """The command line in a project with a prompt and the channel `ops`, which knows nothing yet."""
    monkeypatch.setenv("OPS_SECRET", SECRET)
    lines = ["[notify.ops]", 'kind = "webhook"', f'url = "{receiver.url}"', 'secret_env = "OPS_SECRET"']
    triage.write("promptkeeper.toml", "\n".join([*lines, "allow_private = true", ""]))
    assert triage("notices", "send").code == 0
    return triage


def happens(promptkeeper, count=1):
    """So many incidents, as far as the audit log knows."""
    detail = {"prompt": "support/triage"}
    with promptkeeper.library() as library:
        for number in range(count):
            library.audit.record(
                at=datetime.now(UTC),
                actor="monitor",
                action="incident.opened",
                subject=f"incident {number + 1}",
                detail=detail,
            )


def test_what_happened_is_sent_and_listed(told, receiver):
    happens(told, 2)
    answer = told("notices", "send", "--json")
    assert (answer.code, answer.document) == (0, {"sent": 2, "again": 0, "failed": 0})
    assert [json.loads(came.body)["type"] for came in receiver.came] == ["incident.opened"] * 2
    listed = told("notices", "list", "--json").document
    assert [(n["state"], n["channel"], n["attempts"]) for n in listed] == [("sent", "ops", 1)] * 2
    assert "support/triage: degraded" in told("notices", "list").out
    assert told("notices", "list", "--failed").out.strip() == "no notices"


def test_what_could_not_be_delivered_is_listed_and_sent_again_by_a_person(told, receiver):
    receiver.answers = [(410, {}), (410, {}), (204, {})]
    happens(told, 2)
    answer = told("notices", "send")
    assert answer.code == 1
    assert "0 delivered, 0 to be tried again, 2 given up" in answer.out
    second, first = told("notices", "list", "--failed", "--json").document
    assert "it answered 410" in first["error"]
    assert told("notices", "retry", first["id"]).out.strip() == "1 notices on their way again"
    assert told("notices", "send").code == 0
    assert told("notices", "retry", "--all", "--json").document[0]["id"] == second["id"]
    assert told("notices", "send").code == 0
    assert [n["state"] for n in told("notices", "list", "--json").document] == ["sent", "sent"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retry",), "name one notice or say --all"),
        (("retry", "1", "--all"), "name one notice or say --all"),
        (("retry", "7"), "notice 7: there is no such notice"),
        (("test", "fax"), "there is no channel 'fax'. Channels: ops."),
        (("list", "--failed", "--state", "sent"), "exclude each other"),
    ],
)
def test_wrong_use_is_one_line_with_a_mend(told, words, said):
    assert said in told.fails("notices", *words)


def test_a_test_message_goes_out_at_once_and_leaves_nothing_behind(told, receiver):
    answer = told("notices", "test", "ops")
    assert (answer.code, answer.out.strip()) == (0, "ops has taken the test message")
    said = json.loads(receiver.came[0].body)
    assert (said["type"], said["data"]["subject"]) == ("test", "channel ops")
    assert told("notices", "list", "--json").document == []


def test_a_test_message_that_is_not_taken_says_why(told, receiver):
    receiver.answers = [(500, {})]
    line = told.fails("notices", "test", "ops", code=3)
    assert "it answered 500" in line


def test_a_channel_that_a_test_has_shown_hears_what_happens_from_then_on(triage, receiver, monkeypatch):
    monkeypatch.setenv("CHAT", receiver.url)
    lines = ["[notify.chat]", 'kind = "slack"', 'url_env = "CHAT"', "allow_private = true"]
    triage.write("promptkeeper.toml", "\n".join(lines))
    assert triage("notices", "test", "chat").code == 0
    happens(triage)
    assert triage("notices", "send", "--json").document["sent"] == 1
    assert "degraded" in json.loads(receiver.came[1].body)["text"]


def doctor(promptkeeper):
    return {check["name"]: check for check in promptkeeper("doctor", "--json").document["checks"]}


def test_the_doctor_has_a_line_for_each_channel_and_sends_nothing(told, receiver):
    checks = doctor(told)
    assert checks["channel ops"]["state"] == "ok"
    assert "webhook at 127.0.0.1" in checks["channel ops"]["detail"]
    assert "public_url" in checks["notifications"]["mend"]
    assert receiver.came == []


def test_the_doctor_names_what_is_missing_or_not_allowed_and_what_was_not_delivered(told, receiver, monkeypatch):
    receiver.answers = [(410, {})]
    happens(told)
    told("notices", "send")
    monkeypatch.delenv("OPS_SECRET")
    with (told.folder / "promptkeeper.toml").open("a", encoding="utf-8") as file:
        file.write(f'[notify.team]\nkind = "slack"\nurl = "{receiver.url}"\n')
        file.write('[notify.mail]\nkind = "smtp"\nhost = "127.0.0.1"\nto = ["a@b.c"]\nfrom = "p@b.c"\n')
        file.write('events = ["incidents.*"]\nallow_private = true\n')
    checks = doctor(told)
    assert checks["channel ops"]["state"] == checks["channel team"]["state"] == "broken"
    assert "OPS_SECRET is not set" in checks["channel ops"]["detail"]
    assert "allow_private = true" in checks["channel team"]["mend"]
    assert (checks["channel mail"]["state"], "incidents.*" in checks["channel mail"]["detail"]) == ("note", True)
    plain = told("doctor").out
    assert "could not be delivered: 1 for ops" in plain


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('kind = "fax"', "setting 'notify.ops.kind'"),
        ('kind = "webhook"\nurl = "https://x.example"', "set secret_env"),
        ('kind = "slack"', "set one of url and url_env"),
        ('kind = "slack"\nurl = "https://x.example"\nurl_env = "X"', "set one of url and url_env"),
        ('kind = "slack"\nurl_env = "X"\nto = ["a@b"]', "a slack channel has no 'to'"),
        ('kind = "slack"\nurl_env = "X"\nsecret_env = "Y"', "its URL is the secret"),
        ('kind = "smtp"\nhost = "mail"\nto = ["a@b"]', "an smtp channel needs 'from'"),
        ('kind = "smtp"\nhost = "mail"\nto = ["nobody"]\nfrom = "a@b"', "no address of mail"),
        ('kind = "smtp"\nhost = "m"\nto = ["a@b"]\nfrom = "a@b"\nurl = "https://x"', "an smtp channel has no 'url'"),
        ('kind = "smtp"\nhost = "m"\nto = ["a@b"]\nfrom = "a@b"\nuser_env = "U"', "both user_env and password_env"),
        (
            'kind = "smtp"\nhost = "m"\nto = ["a@b"]\nfrom = "a@b"\nuser_env = "U"\npassword_env = "P"\ntls = "none"',
            "a password is not sent without TLS",
        ),
        ('kind = "webhook"\nsecret = "in the file"', "setting 'notify.ops.secret'"),
        ("events = []", "setting 'notify.ops.kind'"),
    ],
)
def test_a_channel_that_is_set_up_wrong_is_one_line_with_the_setting(promptkeeper, table, said):
    promptkeeper.write("promptkeeper.toml", f"[notify.ops]\n{table}\n")
    assert said in promptkeeper.fails("notices", "list")


def test_variables_of_the_environment_lay_themselves_over_a_channel(promptkeeper, monkeypatch):
    with listening(Receiver()) as receiver:
        monkeypatch.setenv("PROMPTKEEPER_NOTIFY__TEAM__KIND", "slack")
        monkeypatch.setenv("PROMPTKEEPER_NOTIFY__TEAM__URL", receiver.url)
        monkeypatch.setenv("PROMPTKEEPER_NOTIFY__TEAM__ALLOW_PRIVATE", "true")
        monkeypatch.setenv("PROMPTKEEPER_NOTIFY__TEAM__EVENTS", "proposal.created,canary.*")
        assert promptkeeper("notices", "test", "team").code == 0
    assert len(receiver.came) == 1
