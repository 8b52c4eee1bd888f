"""The words and questions of the entries that people record in a disciplinary case, in plain English."""

from typing import Final

from domain.entry_words import (
    ACAS,
    LETTER,
    REASONS,
    SANCTIONS,
    SEVERITIES,
    UPHELD,
    WHAT_IS_ALLEGED,
    YES_NO,
    EntryForm,
    choose,
    day,
    line,
    text,
)
from domain.fields import OnePerson, YesNoUnsure
from domain.forms import After

DISCIPLINARY: Final = (
    EntryForm(
        kind="triage_recorded",
        title="Say whether a child could be at risk",
        thing="whether a child could be at risk",
        lead="If you are not sure, that counts as yes: the matter is then referred as an allegation before anything "
        "else happens here. No, with a reason, lets this case go on.",
        fields=(
            YesNoUnsure(
                type="yes_no_unsure", key="at_risk", label="Could a child be at risk?", required=True, hint="Any child"
            ),
            text("reason", "Why do you think so?"),
            line("name", "Type your name: you answer for it"),
        ),
        about="no",
        when="no",
    ),
    EntryForm(
        kind="safeguarding_concern_raised",
        title="Raise a new concern about a child",
        thing="a new concern about a child",
        lead="New facts say that a child could be at risk. They are referred as an allegation of their own, and this "
        "case stands still until the LADO's advice permits it to go on.",
        fields=(WHAT_IS_ALLEGED,),
        subject=True,
        about="no",
    ),
    EntryForm(
        kind="clearance_claimed",
        title="Say which advice lets this case go on",
        thing="which advice lets this case go on",
        lead="Duly looks for the LADO's advice on the record of that case. If it permits a disciplinary case, this "
        "one goes on; if not, the attempt is on record.",
        fields=(line("case", "The reference of the case with the advice", most=20),),
        about="no",
        when="no",
    ),
    EntryForm(
        kind="procedure_chosen",
        title="Choose the procedure",
        thing="the choice of a procedure",
        lead="Under which policy the matter is dealt with, and how grave it is. It decides nothing yet.",
        fields=(
            line(
                "procedure", "Under which policy or procedure?", "Such as disciplinary, capability or anti-harassment"
            ),
            choose("severity", "How grave is it, if it is so?", SEVERITIES),
            REASONS,
        ),
        when="no",
    ),
    EntryForm(
        kind="investigator_appointed",
        title="Appoint the investigator",
        thing="the investigator",
        lead="They are asked to find out what happened, and decide nothing in the case.",
        fields=(
            OnePerson(
                type="person",
                key="person",
                label="Who investigates?",
                hint="A full name or a school email address",
                required=True,
            ),
        ),
        about="no",
        when="no",
        source=ACAS,
    ),
    EntryForm(
        kind="notice_given",
        title="Record the notice in writing",
        thing="the notice in writing",
        lead="The person is told in writing what is alleged, with enough to answer it, and whom they may bring.",
        fields=(LETTER,),
        letter="notice_given",
        note="How, and by whom, it was given",
        source=ACAS,
    ),
    EntryForm(
        kind="investigation_reported",
        title="Report what was found",
        thing="the investigator's report",
        lead="What the investigation found, for and against. The investigator proposes no sanction.",
        fields=(text("findings", "What was found?", most=8000),),
        source=ACAS,
    ),
    EntryForm(
        kind="case_to_answer_decided",
        title="Decide whether there is a case to answer",
        thing="whether there is a case to answer",
        lead="Yes leads to a hearing. No ends the case.",
        fields=(choose("answer", "Is there a case to answer?", YES_NO), REASONS),
        when="no",
        source=ACAS,
    ),
    EntryForm(
        kind="hearing_called",
        title="Call the hearing",
        thing="the call to a hearing",
        lead="The person is called to a hearing with time to prepare, and may be accompanied.",
        fields=(day("on", "On which day?"), LETTER),
        rules=(After(rule="after", field="on", other="today", message="The hearing must lie ahead"),),
        letter="hearing_called",
        when="no",
        note="How, and by whom, the letter was given",
        source=ACAS,
    ),
    EntryForm(
        kind="hearing_postponed",
        title="Put the hearing off",
        thing="a hearing put off",
        lead="Where the companion cannot come, the person may propose another time within five working days.",
        fields=(day("on", "To which day?"),),
        about="no",
        when="no",
        note="Why?",
        source="Employment Relations Act 1999, section 10",
    ),
    EntryForm(
        kind="hearing_held",
        title="Record the hearing",
        thing="the hearing",
        lead="Who was there, and what was said. The decision is a step of its own.",
        fields=(text("present", "Who was there, in which role?"),),
        note="What was said",
        when="must",
        source=ACAS,
    ),
    EntryForm(
        kind="decision_made",
        title="Decide what comes of it",
        thing="the decision",
        lead="Each matter is decided on its own facts, by a person and with reasons. A warning expires by itself.",
        fields=(
            choose("sanction", "What comes of it?", SANCTIONS),
            REASONS,
            day(
                "expires_on",
                "When does a warning end?",
                "Every warning ends. Leave it empty for anything else",
                required=False,
            ),
        ),
        rules=(After(rule="after", field="expires_on", other="today", message="A warning must end in the future"),),
        when="no",
    ),
    EntryForm(
        kind="letter_sent",
        title="Record the letter about the decision",
        thing="the letter about the decision",
        lead="The person is told in writing what was decided, why, and how to appeal.",
        fields=(LETTER,),
        letter="letter_sent",
        note="How, and by whom, it was given",
        source=ACAS,
    ),
    EntryForm(
        kind="appeal_made",
        title="Record an appeal",
        thing="an appeal",
        lead="The person appeals. Somebody who had no part before hears it.",
        fields=(text("grounds", "On which grounds?"),),
        source=ACAS,
    ),
    EntryForm(
        kind="appeal_waived",
        title="Record that there is no appeal",
        thing="that there is no appeal",
        lead="The time for it is over, or the person said that there will be none.",
        source=ACAS,
    ),
    EntryForm(
        kind="appeal_decided",
        title="Decide the appeal",
        thing="the decision on the appeal",
        lead="Whoever decides it had no part before. It is final.",
        fields=(choose("upheld", "What becomes of the decision?", UPHELD), REASONS),
        when="no",
        source=ACAS,
    ),
)
