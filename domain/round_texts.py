"""The words and questions of every entry that people record in what comes round, in plain English.

A question has the key of the attribute that it fills; `domain.round_forms` puts the form together.
"""

from typing import Final

from domain.entry_words import YES_NO, InWords, choose, day, line, text
from domain.fields import LongText, People, YesNoUnsure
from domain.forms import Choice, NotAfter, RequiredWhen


class RoundForm(InWords):
    """An entry of what comes round in words."""


ACHIEVED: Final = {"yes": "Yes", "in_part": "In part", "no": "No"}
MODERATED: Final = {"not_posted": "It was never published", "removed": "It was taken down"}
REASONS: Final = {
    "offensive": "It was offensive",
    "harmful": "It could harm somebody, or their good name",
    "personal": "It gave away personal details",
    "illegal": "It was against the law, or the terms of the host",
    "other": "Something else: say what below",
}
LONGEST_DOCUMENT: Final = 60_000

_NOT_YET: Final = "This day has not come yet: record it once it has happened"
_PRIVACY: Final = (
    "Who can see it, who can post, and which settings say so. Sites for pupils need the strongest there are"
)


def _past(field: str) -> NotAfter:
    return NotAfter(rule="not_after", field=field, other="today", message=_NOT_YET)


_ACHIEVED: Final = choose("achieved", "Has the site achieved what it was to achieve?", ACHIEVED)
_AIMS: Final = text("aims", "What came of each of its aims?", "Take them one by one, in the words of the form")

_SITE: Final = (
    RoundForm(
        kind="site_went_live",
        title="Record that the site is live",
        thing="that the site is live",
        lead="From then on the site is looked at in turn, and Duly watches whether enough are there who run it.",
        fields=(
            line("address", "The address of the site", "Such as https://example.org/year-9-science", most=300),
            day("on", "On which day did it go live?"),
            choose(
                "terms_published",
                "Are the terms of use and house rules published on the site?",
                YES_NO,
                "What may be posted, what is not, and what happens to what is not. They may stand on one page",
            ),
            text("privacy", "How is the privacy of the site set?", _PRIVACY),
        ),
        rules=(_past("on"),),
    ),
    RoundForm(
        kind="site_reviewed",
        title="Record a look at the site",
        thing="a look at the site",
        lead=(
            "Open the site and go through it as a stranger, and as somebody who may post there. Where you say no below,"
            " it goes on being asked until somebody can say yes."
        ),
        fields=(
            choose(
                "maintained", "Is the site looked after?", YES_NO, "Its content is up to date, and posts are answered"
            ),
            choose(
                "as_agreed", "Is it as it was agreed?", YES_NO, "Its content, who takes part, and how they are reached"
            ),
            text("privacy", "How is the privacy of the site set now?", _PRIVACY),
        ),
        rules=(
            RequiredWhen(
                rule="required_when",
                field="note",
                when=Choice(field="maintained", any_of=("no",)),
                message="Say what is wrong, and what is done about it",
            ),
            RequiredWhen(
                rule="required_when",
                field="note",
                when=Choice(field="as_agreed", any_of=("no",)),
                message="Say what is not as it was agreed, and what is done about it",
            ),
        ),
        note="What did you see, and what is done about it?",
    ),
    RoundForm(
        kind="leadership_consulted",
        title="Record a talk with the leadership",
        thing="a talk with the school's leadership",
        lead="Whoever runs the site speaks with the school's leadership, again and again, about what belongs on it.",
        fields=(line("with_whom", "With whom did you speak?", "Their name, and what they are at the school"),),
        note="What was agreed",
    ),
    RoundForm(
        kind="site_evaluated",
        title="Evaluate the site",
        thing="an evaluation of the site",
        lead="Look back at what the site was made for, and say for each of its aims whether that was achieved.",
        fields=(_ACHIEVED, _AIMS),
    ),
    RoundForm(
        kind="post_moderated",
        title="Record a moderated post",
        thing="a moderated post",
        lead=(
            "Do not copy the post here, and name no child. If a child may be at risk, do not wait: tell the designated "
            "safeguarding lead now, and report it in Duly under Report a concern."
        ),
        fields=(
            choose("what", "What became of the post?", MODERATED),
            choose("reason", "Why?", REASONS),
            YesNoUnsure(
                type="yes_no_unsure",
                key="child_at_risk",
                label="Could a child be at risk because of it?",
                required=True,
            ),
        ),
        rules=(
            RequiredWhen(
                rule="required_when",
                field="note",
                when=Choice(field="reason", any_of=("other",)),
                message="Say in a few words why it was not published or taken down",
            ),
        ),
        note="Anything else, in a few words and without names",
    ),
    RoundForm(
        kind="posting_suspended",
        title="Suspend posting on the site",
        thing="that posting is suspended",
        lead="First have the host stop anybody from posting, and then record it here. What is on the site may stay.",
        fields=(text("reason", "Why?"),),
    ),
    RoundForm(
        kind="posting_resumed",
        title="Record that posting goes on",
        thing="that posting goes on",
        lead="Enough are there again who run the site. Record it, and then have the host let people post.",
        note="What has changed since posting was suspended?",
    ),
    RoundForm(
        kind="site_closed",
        title="Record that the site is closed",
        thing="that the site is closed",
        lead="Nothing comes after it: Duly looks after the site no more. Only record it once all of it is done.",
        fields=(
            day("on", "On which day was it closed?"),
            text("contents", "What became of its contents?", "What was deleted, what is kept, where, and by whom"),
            choose(
                "contacts_removed",
                "Are all contacts removed that were made through the site?",
                YES_NO,
                "Followers, friends, members of groups, addresses and numbers",
            ),
            _ACHIEVED,
            _AIMS,
        ),
        rules=(_past("on"),),
    ),
)

_REVIEW: Final = (
    RoundForm(
        kind="review_opened",
        title="Open the review before its date",
        thing="that the review is open",
        lead="Its owner is asked for a draft at once. Do it when the law changes, or guidance that the document cites.",
        fields=(text("reason", "Why does it not wait for its date?", "It stays on record"),),
        note="",
    ),
    RoundForm(
        kind="draft_ready",
        title="Record that the draft is ready",
        thing="a draft of the new version",
        lead="What comes next in the policy of the school is asked then: consultation, assessment, approval.",
        fields=(
            line("version", "The new version", "Such as 2.1", most=40),
            line("supersedes", "Which version does it take the place of?", required=False, most=40),
            text("what_changed", "What has changed, and why?"),
            day("effective_from", "From which day is it to be in force?"),
            LongText(
                type="long_text",
                key="text",
                label="The new version, whole",
                hint="As plain text. Those who have to sign it read exactly this",
                most=LONGEST_DOCUMENT,
            ),
        ),
    ),
    RoundForm(
        kind="consultation_held",
        title="Record the consultation",
        thing="the consultation",
        lead="Those whom the policy has asked about the draft were asked, and had time to answer.",
        fields=(
            line("with_whom", "Who was asked?", "Such as the trade unions, by name"),
            day("first", "From which day?"),
            day("last", "Until which day?"),
            text("responses", "What did they say, and what came of it?"),
        ),
        rules=(_past("first"), _past("last")),
    ),
    RoundForm(
        kind="equality_assessed",
        title="Record the equality impact",
        thing="the equality impact",
        lead="Somebody has gone through the draft for what it would mean for each group that the law protects.",
        fields=(
            choose("negative_impact", "Would the draft treat anybody worse than others?", YES_NO),
            text("what_is_done", "What is done about it?", "Or why nothing has to be"),
        ),
    ),
    RoundForm(
        kind="board_decided",
        title="Record what the board decided",
        thing="what the board decided",
        lead="As the minute has it. What had no quorum is no decision, and the draft is asked for again.",
        fields=(
            choose("approved", "Did the board approve the draft?", YES_NO),
            line("minute", "The number of the minute", most=80),
            day("on", "On which day did the board meet?"),
            choose("quorate", "Was there a quorum?", YES_NO),
        ),
        rules=(_past("on"),),
    ),
)

_CAMPAIGN: Final = (
    RoundForm(
        kind="visitor_expected",
        title="Expect a visitor",
        thing="a visitor who has to sign",
        lead="They stand among those who have not signed, until they have at the signing desk of the school.",
        fields=(line("name", "The visitor's name"), day("until", "Until which day are they here?")),
        note="",
    ),
    RoundForm(
        kind="visitor_signed",
        title="Sign as a visitor",
        thing="a visitor's signature",
        lead="By typing your name you put it to the words above.",
        fields=(line("name", "Your name"), day("until", "Until which day are you here?")),
        note="",
    ),
    RoundForm(
        kind="training_attended",
        title="Record a training",
        thing="who attended a training",
        lead="Whoever runs a site is known to be trained by it too, where their site goes live.",
        fields=(
            line("title", "What was the training called?", "Such as Online safety for staff", most=200),
            day("on", "On which day was it?"),
            People(
                type="people",
                key="people",
                label="Who attended it?",
                hint="One a line: a full name or a school email address. Of more than 20, record the rest after them",
                required=True,
                at_most=20,
            ),
        ),
        rules=(_past("on"),),
    ),
    RoundForm(
        kind="campaign_closed",
        title="Ask nobody to sign any more",
        thing="that nobody is asked to sign any more",
        lead="What was signed stands. Whoever has not signed is not asked again, and this cannot be taken back.",
        fields=(text("reason", "Why?"),),
        note="",
    ),
)

_QUESTION: Final = (
    RoundForm(
        kind="question_answered",
        title="Answer the question",
        thing="the answer to a question",
        lead="Your answer goes to whoever asked by e-mail, and stays on record.",
        fields=(text("answer", "Your answer", "In full: what to do, where it is to be had, or whom to speak to"),),
        note="",
    ),
)

FORMS: Final = {form.kind: form for group in (_SITE, _REVIEW, _CAMPAIGN, _QUESTION) for form in group}
"""The form of every entry that people record in what comes round, by its kind."""
