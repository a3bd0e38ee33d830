"""What one version of an agreement changes against another, in words that a director can read."""

from collections.abc import Iterator

from node.i18n import Message, msg
from schemas.agreement import Agreement, Firm

GATES = {
    "none": msg("Posts go out at once."),
    "checklist": msg("A checklist is answered before a post goes out."),
    "hold": msg("Posts wait before they go out."),
    "four_eyes": msg("A second person looks at each post before it goes out."),
}


def differences(before: Agreement, after: Agreement) -> list[Message]:
    """One sentence for each thing that changes; firms first."""
    return [*_of_firms(before, after), *_of_texts(before, after), *_of_terms(before, after)]


def _of_firms(before: Agreement, after: Agreement) -> Iterator[Message]:
    old = {firm.domain: firm for firm in before.firms}
    new = {firm.domain: firm for firm in after.firms}
    for domain in sorted(new.keys() - old.keys()):
        yield msg("%(name)s (%(domain)s) comes in.", name=new[domain].name, domain=domain)
    for domain in sorted(old.keys() - new.keys()):
        yield msg("%(name)s (%(domain)s) is no longer in it.", name=old[domain].name, domain=domain)
    for domain in sorted(new.keys() & old.keys()):
        yield from _of_firm(old[domain], new[domain])


def _of_firm(old: Firm, new: Firm) -> Iterator[Message]:
    if old.hours != new.hours:
        yield msg(
            "The director of %(name)s gives %(new)s hours a month instead of %(old)s.",
            name=new.name,
            new=new.hours,
            old=old.hours,
        )
    if old.goal != new.goal:
        yield msg("The goal of %(name)s is another one.", name=new.name)
    if old.contact != new.contact:
        yield msg("The contact at %(name)s is now %(contact)s.", name=new.name, contact=new.contact)
    if old.key != new.key:
        yield msg("The key of %(name)s is another one.", name=new.name)


def _of_texts(before: Agreement, after: Agreement) -> Iterator[Message]:
    if before.name != after.name:
        yield msg("The ring is called %(new)s instead of %(old)s.", new=after.name, old=before.name)
    if before.purpose != after.purpose:
        yield msg("What the ring is for is written anew.")
    if before.confidentiality != after.confidentiality:
        yield msg("What stays between us is written anew.")


def _day(agreement: Agreement) -> str:
    """Its last day in figures that both languages read: 31-12-2027."""
    return "-".join(reversed(agreement.ends_at[:10].split("-")))


def _of_terms(before: Agreement, after: Agreement) -> Iterator[Message]:
    if before.ends_at[:10] != after.ends_at[:10]:
        yield msg("It ends on %(new)s instead of %(old)s.", new=_day(after), old=_day(before))
    if before.retention_days != after.retention_days:
        yield msg(
            "What came from a firm that left is deleted after %(new)s days instead of %(old)s.",
            new=after.retention_days,
            old=before.retention_days,
        )
    if before.no_poaching and not after.no_poaching:
        yield msg("There is no agreement about each other's people any more.")
    if after.no_poaching and not before.no_poaching:
        yield msg("We do not take each other's people away by way of this ring.")
    if before.titles_in_mail != after.titles_in_mail:
        shown, hidden = (
            msg("Mails may show the titles of posts of this ring."),
            msg("Mails never show titles of posts of this ring."),
        )
        yield shown if after.titles_in_mail else hidden
    if before.gate != after.gate:
        yield GATES[after.gate.kind]
