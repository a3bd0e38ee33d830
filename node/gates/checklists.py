"""The questions before something goes out: what competition law is about, and the agreement's clauses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, insert, select

from node.errors import Invalid
from node.gates.rules import answer_days, clauses_of, gated_audience, rules_of, terms_of
from node.gates.tables import gate_answers
from node.i18n import Message, msg
from node.identity import Identity
from node.ids import new_id, now
from node.objects import PUBLIC
from node.rings.queries import ring_of_audience

NO, MAYBE = "no", "maybe"
CHANGE_IT = msg("Then it cannot go out like this. Take it out of the text, or ask an editor what you can do.")


@dataclass(frozen=True)
class Question:
    """Asked so that "no" is the safe answer; `clause` holds the agreement's own words."""

    name: str
    words: Message
    help: Message
    clause: str = ""


# What companies of one sector may not tell each other, whatever they agree on.
SENSITIVE = (
    Question(
        "prices",
        msg("Does it say what you ask or pay: prices, discounts, rates?"),
        msg("Also not roughly, and not what you plan to ask."),
    ),
    Question(
        "margins",
        msg("Does it say what you earn or spend: margins, costs, turnover?"),
        msg("Figures that everybody can read, as in a yearly report, are fine."),
    ),
    Question(
        "customers",
        msg("Does it name customers or suppliers, or say who serves which customers or area?"),
        msg("Say 'a school' or 'a hospital' instead."),
    ),
    Question(
        "tenders",
        msg("Is it about a tender or quotation that still runs?"),
        msg("Also not whether you take part."),
    ),
    Question(
        "wages",
        msg("Does it say what you pay people, or plan to pay them?"),
        msg("A collective agreement that everybody can read is fine."),
    ),
    Question(
        "capacity",
        msg("Does it say how much work or stock you have, or how much you can take on?"),
        msg("How you plan your work is fine. How full your planning is, is not."),
    ),
    Question(
        "strategy",
        msg("Does it tell plans that are not public yet: new services, investments, places where you stop?"),
        msg("What stands on your website is fine."),
    ),
)
PERSONAL = Question(
    "personal",
    msg("Does it show or name people who did not say yes to that?"),
    msg("Look at the pictures too: faces, name tags, number plates."),
)
FROM_A_RING = Question(
    "from_a_ring",
    msg("Does it pass on what you read in a ring or heard in confidence?"),
    msg("An open post is for everybody, also for those it was not meant for."),
)


def questions_for(db: Connection, audience: str) -> list[Question]:
    """Everything that is asked before something goes to this audience."""
    gated = gated_audience(db, audience)
    if gated == PUBLIC:
        return [*SENSITIVE, PERSONAL, FROM_A_RING]
    found = [*SENSITIVE, PERSONAL]
    for place, clauses in enumerate(clauses_of(db, gated or "")):
        found.append(
            Question(
                f"confidentiality_{place}",
                msg("Is there something in it that your agreement keeps out?"),
                msg("This is what the companies agreed on:"),
                clauses.confidentiality,
            )
        )
        found.append(
            Question(
                f"purpose_{place}",
                msg("Is it about something else than what the ring is for?"),
                msg("The ring is for this:"),
                clauses.purpose,
            )
        )
        if clauses.no_poaching:
            found.append(
                Question(
                    f"no_poaching_{place}",
                    msg("Does it try to hire somebody of another company?"),
                    msg("The companies agreed not to do that through the ring."),
                )
            )
    return found


def answer(db: Connection, member_id: int, audience: str, answers: Mapping[str, str]) -> None:
    """Keep that a member said "no" to every question; raises Invalid at each other answer."""
    wrong: dict[str, str] = {}
    for number, question in enumerate(questions_for(db, audience), 1):
        given = answers.get(question.name, "")
        if given == MAYBE:
            wrong[question.name] = CHANGE_IT
        elif given != NO:
            wrong[question.name] = msg("Answer question %(number)s.", number=number)
    if wrong:
        raise Invalid(**wrong)
    moment = now()
    gated = gated_audience(db, audience) or audience
    db.execute(
        insert(gate_answers).values(
            id=new_id(),
            member_id=member_id,
            audience=gated,
            terms=terms_of(db, gated),
            answered_at=moment,
            valid_until=moment + timedelta(days=answer_days(db, gated)),
        )
    )


def has_answered(db: Connection, member_id: int, audience: str) -> bool:
    """Whether an answer by this member, to the questions as they are now, still counts."""
    gated = gated_audience(db, audience) or audience
    valid = select(gate_answers.c.id).where(
        gate_answers.c.member_id == member_id,
        gate_answers.c.audience == gated,
        gate_answers.c.terms == terms_of(db, gated),
        gate_answers.c.valid_until > now(),
    )
    return db.execute(valid.limit(1)).first() is not None


def need_answer(db: Connection, node: Identity, member_id: int, audience: str) -> None:
    """For what does not come from a page: the questions must have been answered there; raises Invalid."""
    if not rules_of(db, audience).checklist or has_answered(db, member_id, audience):
        return
    link = node.base + checklist_path(db, audience)
    raise Invalid(
        audience=msg(
            "First answer the questions of this gate on the pages, then post again: %(link)s", link=link
        )
    )


def checklist_path(db: Connection, audience: str) -> str:
    """The page where the questions before an audience are answered."""
    ring = ring_of_audience(db, gated_audience(db, audience) or "")
    return f"/rings/{ring.handle}/check" if ring is not None else "/gates/open/check"
