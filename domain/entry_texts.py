"""The words and questions of every entry that people record in a confidential case, in plain English.

A question has the key of the attribute that it fills. What an entry is about, whom it names and when it happened are
asked alike for all of them, and so is the note: `domain.entry_forms` puts the form together.
"""

from collections.abc import Mapping
from typing import Final, Literal

from domain.base import Frozen
from domain.fields import AnyField, Day, LongText, ManyOf, OneOf, OnePerson, Option, People, ShortText, YesNoUnsure
from domain.forms import After, AnyRule, Choice, NotAfter, RequiredWhen

Asks = Literal["no", "may", "must"]
"""Whether a form asks something: it does not, it may be left empty, or it has to be answered."""


class InWords(Frozen):
    """An entry in words: what the page is called, what the entry is, what it does, and what it asks.

    `thing` names the entry inside a sentence. `note` is the question whose answer is the note of the entry.
    """

    kind: str
    title: str
    thing: str
    lead: str
    fields: tuple[AnyField, ...] = ()
    rules: tuple[AnyRule, ...] = ()
    note: str = "Anything else that should be on record"


class EntryForm(InWords):
    """An entry of a confidential case in words.

    `about` is whether it says which allegations it is about, `subject` whether it names one of the subjects, `when`
    whether it says when it happened. `letter` is the template that a letter begins as. `source` is the law or guidance
    where the pack has no clause.
    """

    about: Asks = "may"
    subject: bool = False
    when: Asks = "may"
    note_required: bool = False
    letter: str | None = None
    source: str = ""


NOTHING: Final = "nothing"
"""The answer of whoever ticks that none of the others is so."""

_KCSIE: Final = "Keeping Children Safe in Education, Part Four"
_ACAS: Final = "ACAS Code of Practice on disciplinary and grievance procedures"
_FREE: Final = "It waits for nobody's leave and can be recorded at any moment."

METHODS: Final = {"phone": "By phone", "form": "By their own form", "email": "By e-mail", "in_person": "Face to face"}
SOURCES: Final = {
    "hr": "Human resources",
    "legal": "A lawyer",
    "governor_support": "Governor support",
    "other": "Somebody else",
}
SUPPORTED: Final = {
    "subject": "The person of whom it is alleged",
    "reporter": "Whoever reported it",
    "victim": "Whoever was harmed or upset by it",
    "other": "Somebody else",
}
TAKEN: Final = {"yes": "Yes", "no": "No", "not_yet": "Not decided yet"}
YES_NO: Final = {"yes": "Yes", "no": "No"}
SEEN_IN: Final = {
    "public_internet": "Something that anybody can see on the internet",
    "witness": "What somebody saw or heard",
    "document": "A document or a message",
    "call_log": "A telephone call",
    "other": "Something else",
}
REACHED: Final = {"yes": "Yes", "no": "No, nobody could be reached", "not_tried": "Not tried yet"}
ADVICE: Final = {
    "no_further_action": "No further action",
    "strategy_discussion": "A strategy discussion will be held",
    "police": "The police are to look into it",
    "employer_investigation": "The school is to look into it itself",
    "more_needed": "They need to know more before they can advise",
}
PERMITS: Final = {
    "investigate": "Begin an internal investigation",
    "tell_subject": "Tell the person what is alleged",
    "open_disciplinary": "Open a disciplinary case",
}
OUTCOMES: Final = {
    "substantiated": "Substantiated: there is enough evidence that it happened",
    "malicious": "Malicious: there is enough evidence that it did not happen, and that it was made up to deceive",
    "false": "False: there is enough evidence that it did not happen",
    "unsubstantiated": "Unsubstantiated: there is not enough evidence either way; it says nothing of guilt",
    "unfounded": "Unfounded: there is no evidence or proper basis for it",
}
SEVERITIES: Final = {
    "minor": "Minor",
    "serious": "Serious",
    "very_serious": "Very serious",
    "gross": "Gross misconduct",
}
SANCTIONS: Final = {
    "no_action": "No action",
    "first_warning": "A first written warning",
    "final_warning": "A final written warning",
    "dismissal": "Dismissal with notice",
    "dismissal_without_notice": "Dismissal without notice",
    "end_of_appointment": "The appointment ends",
    "governing_body_resolution": "A resolution of the governing body",
}
UPHELD: Final = {"yes": "The decision stands", "no": "The decision is set aside", "in_part": "It stands in part"}
CATEGORIES: Final = {
    "employee": "An employee",
    "supply": "A supply teacher",
    "trainee": "A trainee or apprentice",
    "contractor": "A contractor",
    "volunteer": "A volunteer",
    "governor": "A governor or trustee",
    "headteacher": "The headteacher",
    "central_staff": "Somebody whom the trust employs centrally",
    "pupil": "A pupil",
    "public": "A member of the public",
}


def line(key: str, label: str, hint: str | None = None, *, required: bool = True, most: int = 200) -> ShortText:
    """Return the question that asks for one line."""
    return ShortText(type="short_text", key=key, label=label, hint=hint, required=required, most=most)


def text(key: str, label: str, hint: str | None = None, *, most: int = 4000) -> LongText:
    """Return the question that asks for text."""
    return LongText(type="long_text", key=key, label=label, hint=hint, required=True, most=most)


def choose(key: str, label: str, answers: Mapping[str, str], hint: str | None = None) -> OneOf:
    """Return the question that asks for one of `answers`, labels by key."""
    options = tuple(Option(key=one, label=text) for one, text in answers.items())
    return OneOf(type="one_of", key=key, label=label, hint=hint, required=True, options=options)


def day(key: str, label: str, hint: str | None = None, *, required: bool = True) -> Day:
    """Return the question that asks for a day."""
    return Day(type="date", key=key, label=label, hint=hint, required=required)


_METHOD: Final = choose("method", "How were they reached?", METHODS)
_SPOKE_TO: Final = line("spoke_to", "Whom did you speak or write to?", "Their name, and what they are there")
_REFERENCE: Final = line("reference", "Their reference", "If they gave you one", required=False)
_REASONS: Final = text("reasons", "The reasons", "They stay on record, and somebody may read them years later")
_WHAT_IS_ALLEGED: Final = text("what", "What is alleged?", "In words, as it was said. No pictures and no files")
_LETTER: Final = text(
    "letter",
    "The letter",
    "This is a draft. Read every line, fill in what stands in [brackets], and take out what does not fit. Duly does "
    "not send it: print it from the page of the case, or copy it, and give it to the person",
    most=8000,
)

_CONTACTS: Final = (
    EntryForm(
        kind="police_contacted",
        title="Record a contact with the police",
        thing="a contact with the police",
        lead=f"Call the police first, then say here whom you reached. {_FREE}",
        fields=(_METHOD, _SPOKE_TO, _REFERENCE),
        note="What they said",
    ),
    EntryForm(
        kind="social_care_contacted",
        title="Record a contact with children's social care",
        thing="a contact with children's social care",
        lead=f"Call children's social care first, then say here whom you reached. {_FREE}",
        fields=(_METHOD, _SPOKE_TO, _REFERENCE),
        note="What they said",
        source=_KCSIE,
    ),
    EntryForm(
        kind="body_contacted",
        title="Record a contact with another body",
        thing="a contact with another body",
        lead="Tell a regulator, the agency that supplied the person, or a support agency, then say here whom you "
        "reached. It waits for nobody's leave, and tells the person nothing.",
        fields=(
            line("body", "Which body?"),
            line("spoke_to", "Whom did you speak or write to?", required=False),
            _REFERENCE,
        ),
        note="What was said",
        source=_KCSIE,
    ),
    EntryForm(
        kind="advice_taken",
        title="Record other advice",
        thing="advice of somebody other than the LADO",
        lead="Human resources, a lawyer or somebody else advised you. It opens nothing: only the LADO's advice does.",
        fields=(choose("source", "Who advised you?", SOURCES), line("giver", "Their name")),
        note="What they advised",
        note_required=True,
    ),
    EntryForm(
        kind="proceedings_recorded",
        title="Record proceedings outside",
        thing="proceedings outside the school",
        lead="The police, a regulator or a civil court proceeds as well. It stops nothing by itself.",
        fields=(line("body", "Who proceeds?"), _REFERENCE),
    ),
)

_CARE: Final = (
    EntryForm(
        kind="interim_safeguard_taken",
        title="Record how children were kept from harm meanwhile",
        thing="a safeguarding measure",
        lead=f"Somebody works without contact with children, or was sent home. It is no sanction. {_FREE}",
        fields=(text("measure", "What was done?"),),
        source=_KCSIE,
    ),
    EntryForm(
        kind="support_offered",
        title="Record an offer of support",
        thing="an offer of support",
        lead=f"Offer support, then say here what was offered, to whom, and whether they took it. {_FREE}",
        fields=(
            choose("to", "To whom?", SUPPORTED),
            text("what", "What was offered?", "Counselling, occupational health, a union, a named contact"),
            choose("taken", "Did they take it?", TAKEN),
        ),
        source=_KCSIE,
    ),
    EntryForm(
        kind="police_advised",
        title="Record whether somebody was advised to tell the police",
        thing="whether somebody was advised to tell the police",
        lead="Where there were threats of a physical or sexual nature, the police may have to know.",
        fields=(
            choose("advised", "Were they advised to tell the police?", YES_NO),
            text("reason", "Why, or why not?"),
        ),
    ),
    EntryForm(
        kind="custody_recorded",
        title="Record what was locked away",
        thing="something that was locked away",
        lead="A device, a paper or another thing is locked away until the police or somebody else takes it. Do not "
        "open it, and do not look through it. There is no place here for a file or a picture.",
        fields=(
            line("item", "What was locked away?", "In words, such as “a black phone, switched off”"),
            line("place", "Where is it?"),
            line("key_holder", "Who has the key?"),
        ),
        when="must",
    ),
    EntryForm(
        kind="evidence_recorded",
        title="Record something that was seen",
        thing="something that was seen",
        lead="What bears on the case, in words: what was seen, when and where. Do not copy or photograph anything that "
        "may be indecent, and do not go looking.",
        fields=(
            choose("source", "Where was it seen?", SEEN_IN),
            text("what", "What was seen?"),
            line("address", "The address of the page, the number, or the place", required=False, most=500),
        ),
        rules=(
            RequiredWhen(
                rule="required_when",
                field="address",
                when=Choice(field="source", any_of=("public_internet",)),
                message="Give the address of the page",
            ),
        ),
        when="must",
    ),
)

_THE_CASE: Final = (
    EntryForm(
        kind="breach_reported",
        title="Record that something happened out of order",
        thing="something that happened out of order",
        lead="Something was already done that should have waited, such as asking the person about it. To say so opens "
        "nothing, and hides nothing: tell the LADO as well.",
        fields=(text("what", "What was done?"), line("who", "Who did it?")),
        when="must",
    ),
    EntryForm(
        kind="subject_resigned",
        title="Record that the person has left or does not cooperate",
        thing="that the person has left or does not cooperate",
        lead="The case goes on to its end all the same.",
        subject=True,
        about="no",
        note="What happened",
        note_required=True,
        source=_KCSIE,
    ),
    EntryForm(
        kind="subject_corrected",
        title="Correct who the person is",
        thing="a correction of who the person is",
        lead="The case is routed anew if somebody else has to see to it. Both facts stay on record, and whoever must "
        "not learn of it any more reads nothing from then on.",
        fields=(
            line("name", "Their name"),
            choose("category", "What are they to the school?", CATEGORIES),
            OnePerson(
                type="person",
                key="person",
                label="Who are they in the directory?",
                hint="A full name or a school email address; leave it empty if they are not in it",
            ),
            People(
                type="people",
                key="recused",
                label="Who else must not learn of it?",
                hint="A partner, a relative, or somebody else who is involved",
                at_most=4,
            ),
        ),
        subject=True,
        about="no",
        when="no",
    ),
    EntryForm(
        kind="allegation_added",
        title="Add something more that is alleged",
        thing="another allegation",
        lead="It is referred, advised on and ended like the others.",
        fields=(_WHAT_IS_ALLEGED,),
        subject=True,
        about="no",
    ),
    EntryForm(
        kind="people_recused",
        title="Record a conflict of interest of others",
        thing="a conflict of interest",
        lead="From then on they are asked nothing, told nothing and can read nothing here, and are not told that.",
        fields=(
            People(
                type="people",
                key="people",
                label="Who must not learn of it any more?",
                hint="Full names or school email addresses",
                required=True,
                at_most=6,
            ),
        ),
        about="no",
        when="no",
        note="Why?",
        note_required=True,
    ),
    EntryForm(
        kind="message_written",
        title="Write to whoever reported it",
        thing="a message",
        lead="They read it when they come back with the code of their report. Do not ask who they are. Everybody who "
        "sees to the case can read it too.",
        fields=(text("text", "Your message"),),
        about="no",
        when="no",
        note="",
    ),
    EntryForm(
        kind="calls_made",
        title="Say whether somebody was reached by phone",
        thing="whether somebody was reached by phone",
        lead="It opens nothing and closes nothing: it lets whoever sees to the case know.",
        fields=(choose("reached", "Was anybody reached?", REACHED),),
        about="no",
    ),
    EntryForm(
        kind="response_given",
        title="Record what the school did and answered",
        thing="what the school did and answered",
        lead="The matter is about a pupil or a member of the public: the LADO has no part in it, and what the school "
        "does under its own policies is recorded here.",
        fields=(line("to", "Who was told?"), text("what", "What did the school do, and what was said?")),
        about="no",
    ),
    EntryForm(
        kind="response_given",
        title="Record how it was answered",
        thing="an answer",
        lead="Where the LADO has no part: what the school did, and whom it told.",
        fields=(line("to", "Whom did you answer?"), text("what", "What did the school do, and say?")),
    ),
    EntryForm(
        kind="case_reviewed",
        title="Record a review",
        thing="a review",
        lead="The case was looked at again. The next review is asked for by itself.",
        fields=(text("next_step", "What is to be done next, and by whom?"),),
        about="no",
        note="What was found",
        source=_KCSIE,
    ),
    EntryForm(
        kind="police_hold_placed",
        title="Record that the police asked to wait",
        thing="that the police asked to wait",
        lead="From then on nothing is investigated inside, and the clocks of all that does not keep children from harm "
        "stand still, until it is recorded that the police let the school go on.",
        fields=(line("who", "Who asked?", "Their name and what they are"), _REFERENCE),
        note="What they asked",
    ),
    EntryForm(
        kind="police_hold_released",
        title="Record that the police let the school go on",
        thing="that the police let the school go on",
        lead="The clocks go on where they stood.",
        fields=(line("who", "Who said so?", "Their name and what they are"), _REFERENCE),
        note="What they said",
    ),
)

_REFERRAL: Final = (
    EntryForm(
        kind="lado_referral_made",
        title="Record the referral to the LADO",
        thing="the referral to the LADO",
        lead="Phone the Local Authority Designated Officer, or use the authority's own form: Duly sends it to nobody. "
        "Then say here what you did. It opens the place for their advice.",
        fields=(_METHOD, _SPOKE_TO, _REFERENCE),
        about="must",
        note="What was said",
    ),
    EntryForm(
        kind="lado_advice_recorded",
        title="Record the LADO's advice",
        thing="the LADO's advice",
        lead="It opens what you tick below, and nothing else. The latest advice about an allegation counts: tick again "
        "what earlier advice permitted and still holds.",
        fields=(
            line("giver", "Who gave the advice?"),
            _METHOD,
            choose("advice", "What came of the discussion?", ADVICE),
            ManyOf(
                type="many_of",
                key="permits",
                label="What does the advice let the school do now?",
                hint="Only what they said. Where the police or social care are involved, the person is not told before "
                "they agree",
                required=True,
                missing="Tick what the advice permits, or that it permits nothing yet",
                options=(
                    *(Option(key=key, label=label) for key, label in PERMITS.items()),
                    Option(key=NOTHING, label="None of these yet", alone=True),
                ),
            ),
        ),
        about="must",
        when="must",
        note="What they said, in their words",
        note_required=True,
    ),
    EntryForm(
        kind="basic_enquiry_made",
        title="Record a basic enquiry",
        thing="a basic enquiry",
        lead="A fact that can be looked up without asking anybody concerned, such as who was in school that day. No "
        "statements, and no word to the person.",
        fields=(line("question", "What was looked up?"), line("answer", "What came of it?", most=500)),
        source=_KCSIE,
    ),
    EntryForm(
        kind="investigation_started",
        title="Record that an internal investigation began",
        thing="an internal investigation",
        lead="It may begin only once the LADO's advice permits it.",
        fields=(line("investigator", "Who investigates?"),),
        about="must",
    ),
    EntryForm(
        kind="interview_held",
        title="Record an interview",
        thing="an interview",
        lead="Somebody was interviewed for the internal investigation.",
        fields=(line("with_whom", "With whom?"),),
        about="must",
        note="What was said",
    ),
    EntryForm(
        kind="subject_told",
        title="Record that the person was told",
        thing="that the person was told",
        lead="They may be told what is alleged only once the LADO's advice permits it, and then only what was agreed.",
        fields=(text("told", "What were they told?"),),
        about="must",
        subject=True,
        source=_KCSIE,
    ),
    EntryForm(
        kind="suspension_decided",
        title="Record a decision about suspension",
        thing="a decision about suspension",
        lead="Suspension is not automatic: the alternatives are considered first, and the reasons are recorded.",
        fields=(
            choose("suspended", "Is the person suspended?", YES_NO),
            text("alternatives", "Which alternatives were considered, and why do they do or not do?"),
            _REASONS,
        ),
        about="must",
        subject=True,
        source=_KCSIE,
    ),
    EntryForm(
        kind="disciplinary_opened",
        title="Open a disciplinary case",
        thing="a disciplinary case",
        lead="A case of its own begins, about this person alone, for those who see to such cases. This one goes on.",
        about="must",
        subject=True,
        when="no",
        note="Why?",
    ),
    EntryForm(
        kind="outcome_recorded",
        title="Record how an allegation ended",
        thing="how an allegation ended",
        lead="Each allegation ends in exactly one way, and that cannot be changed afterwards. Once every one has "
        "ended, the case comes to its close.",
        fields=(
            choose("outcome", "How did it end?", OUTCOMES),
            _REASONS,
            day(
                "born_on",
                "The person's date of birth",
                "It decides how long the record is kept. Leave it empty if you do not know it",
                required=False,
            ),
        ),
        rules=(NotAfter(rule="not_after", field="born_on", other="today", message="It must be a day in the past"),),
        about="must",
        when="no",
        source=_KCSIE,
    ),
    EntryForm(
        kind="dbs_considered",
        title="Record whether to refer to the DBS",
        thing="whether to refer to the Disclosure and Barring Service",
        lead="Where somebody was removed from work with children, or would have been, and harm or a risk of harm is "
        "the reason, the referral is a legal duty.",
        fields=(choose("referred", "Is a referral made?", YES_NO), _REASONS),
        source="Safeguarding Vulnerable Groups Act 2006, section 35",
    ),
    EntryForm(
        kind="tra_considered",
        title="Record whether to refer to the Teaching Regulation Agency",
        thing="whether to refer to the Teaching Regulation Agency",
        lead="Of a teacher who is dismissed for serious misconduct, or would have been, it has to be considered.",
        fields=(choose("referred", "Is a referral made?", YES_NO), _REASONS),
        source="Education Act 2002, section 141D",
    ),
)

_DISCIPLINARY: Final = (
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
        fields=(_WHAT_IS_ALLEGED,),
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
            _REASONS,
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
        source=_ACAS,
    ),
    EntryForm(
        kind="notice_given",
        title="Record the notice in writing",
        thing="the notice in writing",
        lead="The person is told in writing what is alleged, with enough to answer it, and whom they may bring.",
        fields=(_LETTER,),
        letter="notice_given",
        note="How, and by whom, it was given",
        source=_ACAS,
    ),
    EntryForm(
        kind="investigation_reported",
        title="Report what was found",
        thing="the investigator's report",
        lead="What the investigation found, for and against. The investigator proposes no sanction.",
        fields=(text("findings", "What was found?", most=8000),),
        source=_ACAS,
    ),
    EntryForm(
        kind="case_to_answer_decided",
        title="Decide whether there is a case to answer",
        thing="whether there is a case to answer",
        lead="Yes leads to a hearing. No ends the case.",
        fields=(choose("answer", "Is there a case to answer?", YES_NO), _REASONS),
        when="no",
        source=_ACAS,
    ),
    EntryForm(
        kind="hearing_called",
        title="Call the hearing",
        thing="the call to a hearing",
        lead="The person is called to a hearing with time to prepare, and may be accompanied.",
        fields=(day("on", "On which day?"), _LETTER),
        rules=(After(rule="after", field="on", other="today", message="The hearing must lie ahead"),),
        letter="hearing_called",
        when="no",
        note="How, and by whom, the letter was given",
        source=_ACAS,
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
        source=_ACAS,
    ),
    EntryForm(
        kind="decision_made",
        title="Decide what comes of it",
        thing="the decision",
        lead="Each matter is decided on its own facts, by a person and with reasons. A warning expires by itself.",
        fields=(
            choose("sanction", "What comes of it?", SANCTIONS),
            _REASONS,
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
        fields=(_LETTER,),
        letter="letter_sent",
        note="How, and by whom, it was given",
        source=_ACAS,
    ),
    EntryForm(
        kind="appeal_made",
        title="Record an appeal",
        thing="an appeal",
        lead="The person appeals. Somebody who had no part before hears it.",
        fields=(text("grounds", "On which grounds?"),),
        source=_ACAS,
    ),
    EntryForm(
        kind="appeal_waived",
        title="Record that there is no appeal",
        thing="that there is no appeal",
        lead="The time for it is over, or the person said that there will be none.",
        source=_ACAS,
    ),
    EntryForm(
        kind="appeal_decided",
        title="Decide the appeal",
        thing="the decision on the appeal",
        lead="Whoever decides it had no part before. It is final.",
        fields=(choose("upheld", "What becomes of the decision?", UPHELD), _REASONS),
        when="no",
        source=_ACAS,
    ),
)

FORMS: Final = {form.kind: form for group in (_CONTACTS, _CARE, _THE_CASE, _REFERRAL, _DISCIPLINARY) for form in group}
"""The form of every entry that people record, by its kind."""
