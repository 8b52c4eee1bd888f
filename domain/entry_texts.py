"""The words and questions of every entry that people record in a confidential case, in plain English.

Those that only a disciplinary case knows are in `domain.disciplinary_texts`, and what all are made of is in
`domain.entry_words`. A question has the key of the attribute that it fills. What an entry is about, whom it names and
when it happened are asked alike for all of them, and so is the note: `domain.entry_forms` puts the form together.
"""

from typing import Final

from domain.disciplinary_texts import DISCIPLINARY
from domain.entry_words import (
    ADVICE,
    CATEGORIES,
    FREE,
    KCSIE,
    METHOD,
    NOTHING,
    OUTCOMES,
    PERMITS,
    REACHED,
    REASONS,
    REFERENCE,
    SEEN_IN,
    SOURCES,
    SPOKE_TO,
    SUPPORTED,
    TAKEN,
    WHAT_IS_ALLEGED,
    YES_NO,
    EntryForm,
    choose,
    day,
    line,
    text,
)
from domain.fields import ManyOf, OnePerson, Option, People
from domain.forms import Choice, NotAfter, RequiredWhen

_CONTACTS: Final = (
    EntryForm(
        kind="police_contacted",
        title="Record a contact with the police",
        thing="a contact with the police",
        lead=f"Call the police first, then say here whom you reached. {FREE}",
        fields=(METHOD, SPOKE_TO, REFERENCE),
        note="What they said",
    ),
    EntryForm(
        kind="social_care_contacted",
        title="Record a contact with children's social care",
        thing="a contact with children's social care",
        lead=f"Call children's social care first, then say here whom you reached. {FREE}",
        fields=(METHOD, SPOKE_TO, REFERENCE),
        note="What they said",
        source=KCSIE,
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
            REFERENCE,
        ),
        note="What was said",
        source=KCSIE,
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
        fields=(line("body", "Who proceeds?"), REFERENCE),
    ),
)

_CARE: Final = (
    EntryForm(
        kind="interim_safeguard_taken",
        title="Record how children were kept from harm meanwhile",
        thing="a safeguarding measure",
        lead=f"Somebody works without contact with children, or was sent home. It is no sanction. {FREE}",
        fields=(text("measure", "What was done?"),),
        source=KCSIE,
    ),
    EntryForm(
        kind="support_offered",
        title="Record an offer of support",
        thing="an offer of support",
        lead=f"Offer support, then say here what was offered, to whom, and whether they took it. {FREE}",
        fields=(
            choose("to", "To whom?", SUPPORTED),
            text("what", "What was offered?", "Counselling, occupational health, a union, a named contact"),
            choose("taken", "Did they take it?", TAKEN),
        ),
        source=KCSIE,
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
        source=KCSIE,
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
        fields=(WHAT_IS_ALLEGED,),
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
        source=KCSIE,
    ),
    EntryForm(
        kind="police_hold_placed",
        title="Record that the police asked to wait",
        thing="that the police asked to wait",
        lead="From then on nothing is investigated inside, and the clocks of all that does not keep children from harm "
        "stand still, until it is recorded that the police let the school go on.",
        fields=(line("who", "Who asked?", "Their name and what they are"), REFERENCE),
        note="What they asked",
    ),
    EntryForm(
        kind="police_hold_released",
        title="Record that the police let the school go on",
        thing="that the police let the school go on",
        lead="The clocks go on where they stood.",
        fields=(line("who", "Who said so?", "Their name and what they are"), REFERENCE),
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
        fields=(METHOD, SPOKE_TO, REFERENCE),
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
            METHOD,
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
        source=KCSIE,
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
        source=KCSIE,
    ),
    EntryForm(
        kind="suspension_decided",
        title="Record a decision about suspension",
        thing="a decision about suspension",
        lead="Suspension is not automatic: the alternatives are considered first, and the reasons are recorded.",
        fields=(
            choose("suspended", "Is the person suspended?", YES_NO),
            text("alternatives", "Which alternatives were considered, and why do they do or not do?"),
            REASONS,
        ),
        about="must",
        subject=True,
        source=KCSIE,
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
            REASONS,
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
        source=KCSIE,
    ),
    EntryForm(
        kind="dbs_considered",
        title="Record whether to refer to the DBS",
        thing="whether to refer to the Disclosure and Barring Service",
        lead="Where somebody was removed from work with children, or would have been, and harm or a risk of harm is "
        "the reason, the referral is a legal duty.",
        fields=(choose("referred", "Is a referral made?", YES_NO), REASONS),
        source="Safeguarding Vulnerable Groups Act 2006, section 35",
    ),
    EntryForm(
        kind="tra_considered",
        title="Record whether to refer to the Teaching Regulation Agency",
        thing="whether to refer to the Teaching Regulation Agency",
        lead="Of a teacher who is dismissed for serious misconduct, or would have been, it has to be considered.",
        fields=(choose("referred", "Is a referral made?", YES_NO), REASONS),
        source="Education Act 2002, section 141D",
    ),
)

FORMS: Final = {form.kind: form for group in (_CONTACTS, _CARE, _THE_CASE, _REFERRAL, DISCIPLINARY) for form in group}
"""The form of every entry that people record, by its kind."""
