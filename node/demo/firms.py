"""Who takes part in the demo: three nodes, their people, and what the firms agreed."""

from dataclasses import dataclass
from pathlib import Path

PASSWORD_END = "-leert-graag-mee"  # noqa: S105 - printed on the screen; every home of the demo is a trial


@dataclass(frozen=True)
class Someone:
    """A member; `face` says that the outside may see them."""

    handle: str
    name: str
    roles: tuple[str, ...] = ()
    language: str = "nl"
    about: str = ""
    face: bool = False

    @property
    def password(self) -> str:
        return self.handle + PASSWORD_END


@dataclass(frozen=True)
class Firm:
    """One node of the demo."""

    key: str
    name: str
    kind: str
    people: tuple[Someone, ...]

    def person(self, handle: str) -> Someone:
        return next(one for one in self.people if one.handle == handle)

    def first_with(self, role: str) -> Someone:
        return next(one for one in self.people if role in one.roles)


@dataclass(frozen=True)
class Place:
    """Where a firm's node runs."""

    firm: Firm
    port: int
    home: Path

    @property
    def domain(self) -> str:
        return f"{self.firm.key}.localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.domain}"


BAKKER = Firm(
    "bakker",
    "Bakker Installatie",
    "firm",
    (
        Someone(
            "ingrid",
            "Ingrid de Wit",
            ("admin",),
            about="Kantoor en planning. Weet waar alles ligt.",
        ),
        Someone(
            "henk",
            "Henk Bakker",
            ("director",),
            about="Directeur. Begonnen als loodgieter, nog steeds het liefst op de bouw.",
        ),
        Someone(
            "fatima",
            "Fatima El Amrani",
            ("editor",),
            about="Werkvoorbereider en leermeester. Vragen over warmteverlies? Kom maar door.",
            face=True,
        ),
        Someone("joris", "Joris Veenstra", about="Monteur warmtepompen.", face=True),
        Someone("daan", "Daan Verhoeven", about="Leerling, tweede jaar BBL."),
        Someone("piotr", "Piotr Kowalski", language="en", about="Electrician, eight years of switchboards."),
    ),
)
SMIT = Firm(
    "smit",
    "Smit Techniek",
    "firm",
    (
        Someone("bram", "Bram Hoekstra", ("admin",), about="ICT en magazijn."),
        Someone("marieke", "Marieke Smit", ("director",), about="Tweede generatie Smit Techniek."),
        Someone(
            "sanne",
            "Sanne Kuipers",
            ("editor", "moderator"),
            about="Projectleider ventilatie en utiliteit.",
            face=True,
        ),
        Someone(
            "youssef", "Youssef Benali", ("ambassador",), about="Eerste monteur. Leert graag uit.", face=True
        ),
        Someone("tess", "Tess van Dongen", about="Servicemonteur."),
        Someone("emily", "Emily Carter", language="en", about="Commissioning engineer from Leeds."),
    ),
)
BRANCHE = Firm(
    "branche",
    "Installatiebond Laagland",
    "hub",
    (
        Someone("nel", "Nel Oosterhuis", ("admin",), about="Secretariaat."),
        Someone("wouter", "Wouter Dijkgraaf", ("director",), about="Voorzitter van de bond.", face=True),
        Someone("carla", "Carla Mulder", ("editor",), about="Leren en ontwikkelen in de branche.", face=True),
        Someone("roos", "Roos Timmer", about="Beleid en subsidies."),
    ),
)
FIRMS = (BAKKER, SMIT, BRANCHE)


@dataclass(frozen=True)
class Ring:
    """A ring of Bakker and Smit, and the words of its agreement."""

    handle: str
    name: str
    purpose: str
    goals: tuple[str, str]  # of Bakker and of Smit
    hours: int
    gate: str = "none"


KRING = Ring(
    "installatiekring",
    "Installatiekring",
    "Monteurs en leerlingen van beide bedrijven leren van elkaars klussen.",
    (
        "Sneller vakwerk leveren bij warmtepompen in bestaande huizen.",
        "Onze monteurs breder opleiden, vooral in ventilatie en regeltechniek.",
    ),
    6,
)
MATERIEEL = Ring(
    "materieelkring",
    "Materieelkring",
    "Samen steigers, liften en meetkoffers delen en er goed mee leren werken.",
    (
        "Minder materieel huren, beter opgeleid personeel op de hoogwerker.",
        "Onze meetkoffers vaker gebruiken.",
    ),
    2,
)
VEILIGHEID = Ring(
    "veiligheidskring",
    "Veiligheidskring",
    "Bijna-ongelukken en gevaarlijke situaties bespreken, zodat een ander ze niet meemaakt.",
    ("Iedereen meldt wat bijna misging.", "Elke maand één situatie bespreken in de toolbox."),
    3,
    gate="checklist",
)
RINGS = (KRING, MATERIEEL, VEILIGHEID)


@dataclass(frozen=True)
class Circle:
    """A room of Fatima's: in the ring, or in her own company."""

    handle: str
    name: str
    purpose: str
    question: str = ""
    confined: bool = False
    people: tuple[str, ...] = ()


MAATJES = Circle(
    "leermaatjes",
    "Leermaatjes",
    "Vijf mensen van twee bedrijven kijken mee bij elkaars werk.",
    question="Wat wil je hier leren?",
    people=("fatima@bakker", "daan@bakker", "joris@bakker", "youssef@smit", "emily@smit"),
)
MEESTERS = Circle(
    "leermeesters",
    "Leermeesters en school",
    "Hoe het met onze leerlingen gaat; met hun docent erbij.",
    confined=True,
    people=("fatima@bakker", "joris@bakker", "petra@bakker"),
)
CIRCLES = (MAATJES, MEESTERS)
GUEST = Someone("petra", "Petra Vos")
OPEN_TOPIC = ("warmtepompen", "Warmtepompen in bestaande huizen")
RING_TOPIC = ("storingen", "Storingen van de week")
COMPANY_TOPIC = ("leerlingen", "Onze leerlingen")
