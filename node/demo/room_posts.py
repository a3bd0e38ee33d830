"""What goes through the gate of a ring, and what is said in rooms: of both firms, and one with a guest."""

from node.demo.posts import LEERMAATJES, LEERMEESTERS, VEILIGHEID, Post

GATE_POSTS = (
    Post(
        "veilig_trap",
        "youssef@smit",
        VEILIGHEID,
        "Vorige week gleed een trap weg op een natte tegelvloer. Niemand geraakt, wel geschrokken. "
        "Wij zetten er nu altijd een mat onder.",
        title="Trap op natte tegels",
    ),
    Post(
        "veilig_spanning",
        "piotr@bakker",
        VEILIGHEID,
        "The drawing said the group was off. It was not. Since then we measure at the box and at the "
        "place where we work, every time.",
        title="Dead on paper, live on site",
        language="en",
        let_go_by="fatima@bakker",
    ),
    Post(
        "veilig_ladder",
        "daan@bakker",
        VEILIGHEID,
        "Ik stond op de bovenste tree om bij de beugel te komen. Dat ging net goed. Hoe doen jullie dat "
        "in een smal trapgat?",
        title="Werken in een smal trapgat",
        waits=True,
    ),
)

ROOM_POSTS = (
    Post(
        "maatjes_welkom",
        "fatima@bakker",
        LEERMAATJES,
        "Welkom! Wij zijn met z'n vijven. Ieder brengt om de beurt een klus mee waar het even niet ging. "
        "Daan begint.",
        title="Zo werken we",
    ),
    Post(
        "maatjes_klus",
        "daan@bakker",
        LEERMAATJES,
        "Mijn soldeerverbinding lekte na het afpersen, twee keer op dezelfde plek. "
        "Wat kijk ik over het hoofd?",
    ),
    Post(
        "maatjes_antwoord",
        "youssef@smit",
        LEERMAATJES,
        "Waarschijnlijk stond er nog water in de buis. Zet hem open, droog hem, en maak hem warm op een "
        "handbreedte afstand.",
        parent="maatjes_klus",
    ),
    Post(
        "maatjes_emily",
        "emily@smit",
        LEERMAATJES,
        "I bring the commissioning sheet of a ventilation unit next time. Half of it nobody fills in. Why?",
        language="en",
    ),
    Post(
        "meesters_petra",
        "petra@bakker",
        LEERMEESTERS,
        "Op school zie ik dat meten aan driefasen lastig blijft. Kan Daan dat bij jullie een keer doen, met "
        "iemand ernaast?",
        title="Meten aan driefasen",
    ),
    Post(
        "meesters_joris",
        "joris@bakker",
        LEERMEESTERS,
        "Ja. Donderdag sta ik in de werkplaats bij de grote kast, dan kan hij mee.",
        parent="meesters_petra",
    ),
)
