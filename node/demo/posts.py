"""A post of the demo as data; how it is sent is elsewhere. The texts: company_, ring_, open_, room_posts."""

from dataclasses import dataclass

COMPANY, PUBLIC = "company", "public"
KRING, MATERIEEL = "ring:installatiekring", "ring:materieelkring"
VEILIGHEID = "ring:veiligheidskring"
LEERMAATJES, LEERMEESTERS = "room:leermaatjes", "room:leermeesters"


@dataclass(frozen=True)
class Picture:
    """One of the drawings of node.demo.pictures and what somebody who cannot see it is told."""

    name: str
    alt: str


@dataclass(frozen=True)
class Post:
    """One post; `by` and `likes` are handles with their firm, `parent` and `topic` are keys."""

    key: str
    by: str
    audience: str
    text: str
    title: str = ""
    warning: str = ""
    topic: str = ""
    parent: str = ""
    pictures: tuple[Picture, ...] = ()
    likes: tuple[str, ...] = ()
    language: str = "nl"
    by_command: bool = False  # written with `leerkring post`
    edited_to: str = ""
    is_deleted: bool = False
    let_go_by: str = ""  # an editor who reads it first
    waits: bool = False  # no editor has read it yet
    canary: str = ""

    @property
    def handle(self) -> str:
        return self.by.partition("@")[0]

    @property
    def firm(self) -> str:
        return self.by.partition("@")[2]

    @property
    def source(self) -> str:
        """The text as typed; its last word is written nowhere else in the demo."""
        return self.text + self._mark()

    @property
    def edited_source(self) -> str:
        return self.edited_to + self._mark()

    def _mark(self) -> str:
        return f"\n\n{'Reference' if self.language == 'en' else 'Kenmerk'}: {self.canary}"
