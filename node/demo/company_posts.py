"""What the demo's people write for their own company only: Bakker, Smit, and the hub's own staff."""

from node.demo.posts import COMPANY, Picture, Post

COMPANY_POSTS = (
    Post(
        "welkom_bakker",
        "ingrid@bakker",
        COMPANY,
        "Vanaf vandaag delen we hier wat we leren. Een vraag stellen mag altijd, ook als je "
        "denkt dat je het antwoord hoort te weten.\n"
        "\n"
        "- Vragen over een klus: zet ze hier neer, met een foto of tekening.\n"
        "- Iets handigs ontdekt? Twee zinnen is genoeg.\n"
        "- Wat in de **Installatiekring** staat, lezen ook de mensen van Smit Techniek.",
        title="Welkom op onze eigen plek",
        likes=(
            "henk@bakker",
            "daan@bakker",
            "piotr@bakker",
        ),
    ),
    Post(
        "toolbox",
        "fatima@bakker",
        COMPANY,
        "Vrijdag om 7.15 uur is de toolbox in de werkplaats. Onderwerp: spanningsloos werken "
        "en hoe je *echt* zeker weet dat het spanningsloos is. Neem je eigen duspol mee, dan "
        "testen we ze meteen.",
        title="Toolbox vrijdag: spanningsloos werken",
        likes=("joris@bakker",),
    ),
    Post(
        "toolbox_vraag",
        "daan@bakker",
        COMPANY,
        "Mijn duspol geeft soms niets aan op de testknop. Is dan de batterij leeg of moet ik "
        "een nieuwe vragen?",
        parent="toolbox",
    ),
    Post(
        "toolbox_antwoord",
        "piotr@bakker",
        COMPANY,
        "Swap the batteries first, then prove it on a socket you know is live. If it still "
        "hesitates, hand it in to @ingrid and take the spare from van 4. Never trust a tester "
        "you have doubts about.",
        parent="toolbox_vraag",
        language="en",
        likes=(
            "daan@bakker",
            "fatima@bakker",
        ),
    ),
    Post(
        "bus",
        "henk@bakker",
        COMPANY,
        "De twee elektrische bussen komen in week 50. Wie er als eerste in rijdt, loten we bij de koffie.",
        by_command=True,
        likes=(
            "joris@bakker",
            "daan@bakker",
        ),
    ),
    Post(
        "portfolio",
        "daan@bakker",
        COMPANY,
        "Ik moet voor school een meterkast uittekenen die ik zelf heb aangesloten. Dit is mijn "
        "eerste versie. Wie kijkt mee voordat ik hem inlever? #leerling #meterkast",
        title="Meterkast voor mijn portfolio",
        topic="leerlingen",
        pictures=(
            Picture(
                "meterkast",
                "Tekening van een meterkast met hoofdschakelaar, twee aardlekschakelaars en acht groepen",
            ),
        ),
        likes=(
            "fatima@bakker",
            "piotr@bakker",
        ),
    ),
    Post(
        "portfolio_tip",
        "fatima@bakker",
        COMPANY,
        "Mooi overzichtelijk! Twee dingen: schrijf bij elke groep wat erachter zit, en verdeel "
        "de kookgroep en de warmtepomp over verschillende aardlekschakelaars. Dan is niet "
        "alles tegelijk uit.",
        parent="portfolio",
        likes=("daan@bakker",),
    ),
    Post(
        "loon",
        "ingrid@bakker",
        COMPANY,
        "Vul je uren uiterlijk donderdag in. Na donderdag 12 uur gaat de administratie dicht "
        "en komt het pas bij de volgende uitbetaling mee.",
    ),
    Post(
        "bijna_ongeval",
        "joris@bakker",
        COMPANY,
        "Gisteren gleed de ladder weg op een natte tegel. Ik stond nog maar op de tweede "
        "sport, dus alleen een blauwe knie. Les: op gladde tegels altijd de stabilisator of "
        "iemand die vasthoudt. We bespreken het vrijdag.",
        title="Bijna-ongeval met de ladder",
        warning="Gaat over een val",
        likes=(
            "henk@bakker",
            "fatima@bakker",
        ),
    ),
    Post(
        "verkeerd",
        "joris@bakker",
        COMPANY,
        "Oeps, dit bericht hoorde in mijn eigen aantekeningen.",
        is_deleted=True,
    ),
    Post(
        "welkom_smit",
        "marieke@smit",
        COMPANY,
        "Leren is werktijd. Wie hier iets uitlegt of vraagt, boekt dat gewoon op de code "
        "*ontwikkeling*. Daar hoef je niemand toestemming voor te vragen.",
        title="Leren is werktijd",
        likes=(
            "sanne@smit",
            "youssef@smit",
            "tess@smit",
        ),
    ),
    Post(
        "ventilatie_meten",
        "sanne@smit",
        COMPANY,
        "Bij de oplevering van de school in Dalfsen maten we in drie lokalen te weinig lucht. "
        "Oorzaak: de kleppen stonden nog in de stand van de bouw. Zet dus **vóór** het meten "
        "alle kleppen open en schrijf de stand op.",
        title="Te weinig lucht in drie lokalen",
        likes=("emily@smit",),
        pictures=(
            Picture(
                "ventilatie", "Schema van een ventilatiesysteem met toevoer, afvoer en een klep per lokaal"
            ),
        ),
    ),
    Post(
        "ventilatie_vraag",
        "tess@smit",
        COMPANY,
        "Meten jullie met de trechter of met de hittedraad? Ik krijg met de hittedraad steeds "
        "andere waarden.",
        parent="ventilatie_meten",
    ),
    Post(
        "ventilatie_antwoord",
        "emily@smit",
        COMPANY,
        "Use the hood for grilles, hot wire only inside ducts with at least five diameters of "
        "straight pipe. I can show you on Monday, it takes ten minutes.",
        parent="ventilatie_vraag",
        language="en",
        likes=(
            "tess@smit",
            "sanne@smit",
        ),
    ),
    Post(
        "magazijn",
        "bram@smit",
        COMPANY,
        "Vanaf maandag scan je alles wat je uit het magazijn meeneemt. De scanner hangt links van de deur.",
        by_command=True,
    ),
    Post(
        "uitleg_app",
        "youssef@smit",
        COMPANY,
        "Wie hulp wil met deze site: ik zit woensdag tussen de middag in de kantine. Neem je "
        "telefoon mee, dan zetten we hem samen op je beginscherm.",
        title="Hulp met Leerkring, woensdag",
        likes=("tess@smit",),
    ),
    Post(
        "functioneren",
        "marieke@smit",
        COMPANY,
        "In de gesprekken van december vraag ik iedereen: wat heb je dit jaar van een collega "
        "geleerd, en wie heeft iets van jou geleerd? Denk er vast over na.",
    ),
    Post(
        "asbest",
        "tess@smit",
        COMPANY,
        "In een kruipruimte lag een plaat die ik niet vertrouwde. Ik heb niets aangeraakt, "
        "foto gemaakt, weggegaan en @sanne gebeld. Het monster is onderweg naar het lab.",
        title="Verdachte plaat in kruipruimte",
        warning="Asbest",
        likes=(
            "sanne@smit",
            "marieke@smit",
        ),
    ),
    Post(
        "bond_overleg",
        "nel@branche",
        COMPANY,
        "Het bestuur vergadert op de eerste dinsdag van de maand. Stukken graag een week vooraf.",
        by_command=True,
    ),
    Post(
        "bond_leden",
        "carla@branche",
        COMPANY,
        "Van de leden die ik sprak wil de helft samen opleiden, maar niemand wil beginnen. "
        "Voorstel: wij zetten de eerste drie onderwerpen klaar in het open deel.",
        title="Wat leden willen leren",
        likes=("wouter@branche",),
    ),
    Post(
        "bond_leden_ja",
        "wouter@branche",
        COMPANY,
        "Akkoord. Begin met warmtepompen, daar belt iedereen over.",
        parent="bond_leden",
    ),
    Post(
        "bond_subsidie",
        "roos@branche",
        COMPANY,
        "De regeling voor leren in het mkb gaat in januari weer open. Ik maak een "
        "voorbeeldaanvraag die leden kunnen invullen.",
    ),
)
