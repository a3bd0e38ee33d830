"""What the demo shows to everyone, most of it in the hub's open topic."""

from node.demo.posts import PUBLIC, Picture, Post

OPEN_POSTS = (
    Post(
        "open_topic_start",
        "carla@branche",
        PUBLIC,
        "Elke week kiezen we één vraag over warmtepompen in bestaande huizen. Iedereen mag "
        "antwoorden, van welk bedrijf je ook bent. Goede antwoorden verzamelen we in een "
        "handreiking. #warmtepomp #samenleren",
        title="Eén vraag per week",
        topic="warmtepompen",
        likes=(
            "fatima@bakker",
            "sanne@smit",
        ),
    ),
    Post(
        "open_geluid",
        "fatima@bakker",
        PUBLIC,
        "Wij zetten het buitendeel steeds vaker op een betonnen voet los van de gevel, met "
        "rubber eronder. Dat scheelde bij de laatste woning hoorbaar in de slaapkamer. Hoe "
        "doen anderen dat? #geluid",
        title="Minder geluid van het buitendeel",
        topic="warmtepompen",
        pictures=(
            Picture("buitendeel", "Tekening van een buitendeel op een betonnen voet met rubberen dempers"),
        ),
        likes=(
            "sanne@smit",
            "carla@branche",
        ),
    ),
    Post(
        "open_geluid_smit",
        "sanne@smit",
        PUBLIC,
        "Zo doen wij het ook. Let ook op de leidingen: één beugel strak tegen de gevel en je "
        "hoort alles weer.",
        parent="open_geluid",
        likes=("fatima@bakker",),
    ),
    Post(
        "open_geluid_bond",
        "carla@branche",
        PUBLIC,
        "Dit nemen we op in de handreiking, dank jullie wel. Wie heeft er een meting van vóór en na?",
        parent="open_geluid_smit",
    ),
    Post(
        "open_radiator",
        "youssef@smit",
        PUBLIC,
        "Kort lesje voor wie twijfelt: zet een week lang de ketel op 50 graden. Blijft het "
        "overal warm? Dan is het huis bijna klaar voor een warmtepomp. #vijftiggraden",
        title="De proef met 50 graden",
        topic="warmtepompen",
        likes=(
            "joris@bakker",
            "wouter@branche",
        ),
    ),
    Post(
        "open_radiator_joris",
        "joris@bakker",
        PUBLIC,
        "Doen wij ook. Tip: laat de bewoner elke ochtend de temperatuur per kamer opschrijven.",
        parent="open_radiator",
    ),
    Post(
        "open_dag",
        "fatima@bakker",
        PUBLIC,
        "Zaterdag staat onze werkplaats open voor iedereen die een technisch vak overweegt. Je "
        "mag zelf solderen en een groepenkast aansluiten (zonder spanning).",
        title="Open dag in de werkplaats",
        likes=("joris@bakker",),
    ),
    Post(
        "open_smit",
        "sanne@smit",
        PUBLIC,
        "Vraaggestuurde ventilatie in één zin: meet de lucht, en ventileer waar mensen zijn. "
        "Morgen leg ik het uit op de regionale leerdag.",
        by_command=True,
    ),
    Post(
        "open_bond",
        "carla@branche",
        PUBLIC,
        "Samen opleiden hoeft niet groot te beginnen. Twee bedrijven, één vraag, een half uur. "
        "De rest volgt.",
        title="Klein beginnen",
        likes=("wouter@branche",),
    ),
)
