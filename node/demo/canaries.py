"""Words that nobody uses: one for each thing in the demo, so that every copy of it can be found."""

_FIRST = (
    *("roodborst", "zilver", "pelgrims", "duinroos", "kwikstaart", "barnsteen"),
    *("heidevlinder", "lantaarn", "wolken", "veenbes", "ijsvogel", "morgenster"),
)
_SECOND = ("ventiel", "koppeling", "flens", "sleutel", "klem", "mof", "schakel", "spindel")

CANARIES = tuple(first + second for second in _SECOND for first in _FIRST)
"""More than the demo has things; none is part of another."""

EARLIER_TEXT = "madeliefjesstop"  # stands in a text that is changed later
AGREEMENT_CANARIES = {
    "installatiekring": "zonnewijzerbeugel",
    "materieelkring": "waterlelieborging",
    "veiligheidskring": "steenuilmanchet",
}
TOPIC_CANARIES = {
    "warmtepompen": "nachtegaalnippel",
    "storingen": "kievitspakking",
    "leerlingen": "boterbloembocht",
}
ROOM_CANARIES = {"leermaatjes": "koekoekswartel", "leermeesters": "lijsterbesnok"}  # in what each is for
ASKING_CANARY = "zandloperrozet"  # in the answer of somebody who asks to come into a room
