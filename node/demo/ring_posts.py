"""What Bakker and Smit write for each other: their ring, and the ring that Smit leaves."""

from node.demo.posts import KRING, MATERIEEL, Picture, Post

RING_POSTS = (
    Post(
        "kring_start",
        "henk@bakker",
        KRING,
        "Marieke en ik hebben getekend, dus we mogen. Afspraak tussen ons is simpel: wat hier "
        "staat blijft hier, en we halen geen mensen bij elkaar weg. Stel gerust de vraag die "
        "je thuis niet durft te stellen.",
        title="We zijn begonnen",
        likes=(
            "marieke@smit",
            "sanne@smit",
            "fatima@bakker",
        ),
    ),
    Post(
        "kring_start_antwoord",
        "marieke@smit",
        KRING,
        "Mooi dat het zover is, Henk. Onze mensen hebben al drie vragen klaarliggen. En de "
        "koffie staat klaar voor wie een dag wil meelopen.",
        parent="kring_start",
        likes=("henk@bakker",),
    ),
    Post(
        "pendelen",
        "joris@bakker",
        KRING,
        "Een lucht-waterpomp van 8 kW in een tussenwoning slaat elke zes minuten aan en uit "
        "zodra het buiten boven de 8 graden is. De klant klaagt over het geluid.\n"
        "\n"
        "Wat ik al heb gedaan:\n"
        "\n"
        "1. stooklijn verlaagd naar 35 graden\n"
        "2. pomp op vast toerental gezet\n"
        "3. filter schoongemaakt\n"
        "\n"
        "Het helpt een beetje. Wie heeft een idee? #warmtepomp",
        title="Warmtepomp pendelt bij zacht weer",
        topic="storingen",
        pictures=(
            Picture(
                "warmtepomp",
                "Schema van een warmtepomp met buitendeel, binnendeel, buffervat en vloerverwarming",
            ),
            Picture("grafiek", "Grafiek van de aanvoertemperatuur die elke zes minuten stijgt en weer daalt"),
        ),
        likes=(
            "sanne@smit",
            "youssef@smit",
            "daan@bakker",
        ),
    ),
    Post(
        "pendelen_buffer",
        "youssef@smit",
        KRING,
        "Hoeveel water zit er in het systeem? Als boven alle naregelingen dichtlopen, houd je "
        "te weinig over. Wij zetten dan twee groepen **altijd open** of plaatsen een klein "
        "buffervat.",
        parent="pendelen",
        likes=(
            "joris@bakker",
            "fatima@bakker",
        ),
    ),
    Post(
        "pendelen_meting",
        "joris@bakker",
        KRING,
        "Goede vraag. Boven zitten vijf groepen met stelmotoren en die waren allemaal dicht. "
        "Ik heb er nu twee zonder motor en hij draait al veertig minuten aan één stuk. Dank "
        "@youssef@{smit}!",
        parent="pendelen_buffer",
        likes=("youssef@smit",),
    ),
    Post(
        "pendelen_engels",
        "emily@smit",
        KRING,
        "Worth checking the minimum modulation in the data sheet as well. An 8 kW unit that "
        "cannot go below 3.5 kW will cycle in any terraced house above 8 degrees, whatever you "
        "do with the curve.",
        parent="pendelen",
        language="en",
        likes=(
            "piotr@bakker",
            "joris@bakker",
        ),
    ),
    Post(
        "aardlek",
        "tess@smit",
        KRING,
        "Aardlek valt eruit zodra de laadpaal en de wasmachine tegelijk draaien, los van "
        "elkaar gaat het goed. Lekstroom gemeten: 14 mA en 11 mA. Wat zou jij doen?",
        title="Aardlek eruit bij laadpaal en wasmachine",
        topic="storingen",
        likes=("piotr@bakker",),
    ),
    Post(
        "aardlek_antwoord",
        "piotr@bakker",
        KRING,
        "Together that is 25 mA, and a 30 mA device may trip from 15 mA upwards. Give the "
        "charger its own type B device and the problem is gone. I have drawn it like this more "
        "than once.",
        parent="aardlek",
        language="en",
        pictures=(
            Picture(
                "groepen", "Drawing of a charger on its own residual current device beside the main board"
            ),
        ),
        likes=("tess@smit",),
    ),
    Post(
        "aardlek_dank",
        "tess@smit",
        KRING,
        "Dat was het. Klant blij, ik ook. Neem ik mee in mijn lijstje voor nieuwe collega's.",
        parent="aardlek_antwoord",
    ),
    Post(
        "meelopen",
        "sanne@smit",
        KRING,
        "Op 9 december leveren we in Ommen een gymzaal op met vraaggestuurde ventilatie. Er "
        "kunnen drie mensen van Bakker meelopen, van inregelen tot uitleg aan de gebruiker. "
        "Reageer hieronder.",
        title="Meelopen bij een oplevering",
        likes=(
            "fatima@bakker",
            "daan@bakker",
        ),
    ),
    Post(
        "meelopen_daan",
        "daan@bakker",
        KRING,
        "Ik wil graag mee! Ik heb nog nooit ingeregeld. Mag dat ook als leerling?",
        parent="meelopen",
        likes=("sanne@smit",),
    ),
    Post(
        "meelopen_ja",
        "sanne@smit",
        KRING,
        "Juist als leerling. Trek stevige schoenen aan en neem vragen mee.",
        parent="meelopen_daan",
        likes=(
            "daan@bakker",
            "fatima@bakker",
        ),
    ),
    Post(
        "checklist",
        "fatima@bakker",
        KRING,
        "Dit is onze checklist voor een warmtepomp in een bestaand huis. Gebruik hem, verbeter "
        "hem, en zeg wat er mist. Proefversie madeliefjesstop.\n"
        "\n"
        "- warmteverlies per kamer berekend\n"
        "- afgifte bij 35 graden gecontroleerd\n"
        "- plaats en geluid van het buitendeel besproken met de buren\n"
        "- eigen groep in de meterkast",
        title="Checklist warmtepomp bestaande bouw",
        edited_to="Dit is onze checklist voor een warmtepomp in een bestaand huis. Gebruik hem, verbeter "
        "hem, en zeg wat er mist. Versie 2, met de opmerking van Sanne erin.\n"
        "\n"
        "- warmteverlies per kamer berekend\n"
        "- afgifte bij 35 graden gecontroleerd\n"
        "- plaats en geluid van het buitendeel besproken met de buren\n"
        "- eigen groep in de meterkast\n"
        "- **nieuw:** ventilatie mee bekeken, een dicht huis heeft lucht nodig",
        likes=(
            "sanne@smit",
            "joris@bakker",
            "youssef@smit",
        ),
    ),
    Post(
        "checklist_sanne",
        "sanne@smit",
        KRING,
        "Heel bruikbaar. Zet de ventilatie erbij: als iemand kieren dicht, merk je het aan "
        "schimmel in de slaapkamer.",
        parent="checklist",
        likes=("fatima@bakker",),
    ),
    Post(
        "koudemiddel",
        "youssef@smit",
        KRING,
        "Bij een split-unit ontsnapte koudemiddel in een krappe technische ruimte. Iedereen is "
        "er goed van afgekomen. Wij nemen sindsdien altijd een detector mee en zetten eerst de "
        "deur open.",
        title="Koudemiddel vrijgekomen",
        warning="Gaat over een ongeval",
        topic="storingen",
        likes=("joris@bakker",),
    ),
    Post(
        "kring_oeps",
        "tess@smit",
        KRING,
        "Klantnaam stond erin, ik zet het zo opnieuw neer.",
        is_deleted=True,
    ),
    Post(
        "stokje",
        "fatima@bakker",
        KRING,
        "Volgende keer bereiden wij voor: inregelen van vloerverwarming, bij ons in de "
        "werkplaats. Wie van Smit neemt het stokje daarna over?",
        by_command=True,
    ),
    Post(
        "steiger",
        "fatima@bakker",
        MATERIEEL,
        "De rolsteiger van 8 meter staat tot en met vrijdag bij ons. Wie hem daarna nodig "
        "heeft, haalt hem op mét het logboek.",
        title="Rolsteiger beschikbaar",
    ),
    Post(
        "steiger_smit",
        "youssef@smit",
        MATERIEEL,
        "Wij halen hem maandag om 7 uur. Zijn de wielremmen al gemaakt?",
        parent="steiger",
    ),
    Post(
        "steiger_rem",
        "joris@bakker",
        MATERIEEL,
        "Ja, gisteren vervangen en getest. Staat in het logboek.",
        parent="steiger_smit",
    ),
    Post(
        "meetkoffer",
        "tess@smit",
        MATERIEEL,
        "Meetkoffer 2 is terug van het kalibreren. Het certificaat zit in het deksel, geldig "
        "tot volgend najaar.",
        title="Meetkoffer weer terug",
        pictures=(Picture("koffer", "Tekening van een meetkoffer met manometer, klemmeter en slangen"),),
    ),
)
