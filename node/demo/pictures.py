"""The drawings that the demo's posts carry: plain diagrams, made here, so that nobody's photo is used."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw

SIZE = (960, 600)
PAPER, INK, BLUE, RED, GREEN, ORANGE, SOFT = (
    "#fbfaf6", "#26323a", "#2f6f9f", "#b5483a", "#3f7d4f", "#c8691f", "#dfe5e4",
)  # fmt: skip
Pen = ImageDraw.ImageDraw


def draw(name: str) -> bytes:
    """The drawing of that name as a PNG."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    for across in range(0, SIZE[0], 40):
        pen.line([(across, 0), (across, SIZE[1])], fill="#f0eee6")
    for down in range(0, SIZE[1], 40):
        pen.line([(0, down), (SIZE[0], down)], fill="#f0eee6")
    DRAWINGS[name](pen)
    found = BytesIO()
    picture.quantize(64).save(found, "PNG", optimize=True)
    return found.getvalue()


def _box(pen: Pen, box: tuple[int, int, int, int], text: str, fill: str = "white", edge: str = INK) -> None:
    pen.rounded_rectangle(box, 10, fill=fill, outline=edge, width=4)
    pen.text(
        ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2),
        text,
        fill=INK,
        anchor="mm",
        font_size=24,
        align="center",
    )


def _pipe(pen: Pen, points: list[tuple[int, int]], color: str) -> None:
    pen.line(points, fill=color, width=10, joint="curve")


def _fan(pen: Pen, x: int, y: int, radius: int) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=SOFT, outline=INK, width=4)
    for start in range(0, 360, 120):
        pen.pieslice(
            (x - radius + 12, y - radius + 12, x + radius - 12, y + radius - 12), start, start + 50, fill=BLUE
        )


def _heat_pump(pen: Pen) -> None:
    _pipe(pen, [(230, 200), (400, 200)], RED)
    _pipe(pen, [(230, 300), (400, 300)], BLUE)
    _pipe(pen, [(540, 200), (690, 200), (690, 420), (860, 420)], RED)
    _pipe(pen, [(540, 300), (640, 300), (640, 500), (860, 500)], BLUE)
    _box(pen, (60, 140, 230, 360), "")
    _fan(pen, 145, 250, 70)
    _box(pen, (400, 140, 540, 360), "binnen-\ndeel")
    _box(pen, (655, 150, 755, 330), "buffer\n50 l", SOFT)
    for down in range(420, 520, 26):
        pen.arc((800, down - 13, 920, down + 13), 270, 90, fill=RED if down < 460 else BLUE, width=8)
    pen.text((145, 390), "buitendeel", fill=INK, anchor="mm", font_size=24)
    pen.text((800, 555), "vloerverwarming", fill=INK, anchor="mm", font_size=24)


def _chart(pen: Pen) -> None:
    pen.line([(90, 60), (90, 520), (900, 520)], fill=INK, width=4)
    points = [
        (90 + 4 * step, 400 - (5 * (step % 34) if step % 34 < 20 else 15 * (34 - step % 34) // 2))
        for step in range(200)
    ]
    pen.line(points, fill=RED, width=6, joint="curve")
    pen.line([(90, 330), (900, 330)], fill=BLUE, width=3)
    for number, down in ((30, 480), (35, 330), (40, 180)):
        pen.text((75, down), f"{number} °C", fill=INK, anchor="rm", font_size=20)
    for number in range(0, 37, 6):
        pen.text((90 + number * 22, 545), f"{number}", fill=INK, anchor="mm", font_size=20)
    pen.text((495, 580), "minuten", fill=INK, anchor="mm", font_size=22)


def _board(pen: Pen) -> None:
    _box(pen, (60, 60, 900, 540), "", "#f6f6f2")
    _box(pen, (100, 110, 240, 270), "hoofd-\nschakelaar", SOFT)
    for row, color in ((110, BLUE), (330, GREEN)):
        _box(pen, (290, row, 400, row + 160), "30 mA", "white", color)
        for group in range(4):
            left = 430 + 110 * group
            number = group + 1 + (4 if row > 200 else 0)
            _box(pen, (left, row, left + 95, row + 160), f"{number}", "white", color)
            pen.rectangle((left + 30, row + 30, left + 65, row + 55), fill=color)
    pen.text((100, 516), "8 groepen, 2 aardlekschakelaars", fill=INK, anchor="lm", font_size=24)


def _charger(pen: Pen) -> None:
    _pipe(pen, [(210, 300), (330, 300)], INK)
    _pipe(pen, [(450, 180), (600, 180)], BLUE)
    _pipe(pen, [(450, 420), (600, 420)], ORANGE)
    _pipe(pen, [(330, 180), (330, 420)], INK)
    _box(pen, (60, 230, 210, 370), "main\nswitch", SOFT)
    _box(pen, (310, 120, 450, 240), "30 mA\ntype A", "white", BLUE)
    _box(pen, (310, 360, 450, 480), "30 mA\ntype B", "white", ORANGE)
    _box(pen, (600, 120, 880, 240), "house", "white", BLUE)
    _box(pen, (600, 360, 880, 480), "charger 11 kW", "white", ORANGE)


def _ventilation(pen: Pen) -> None:
    _box(pen, (60, 220, 260, 380), "WTW-unit", SOFT)
    for number, left in enumerate((380, 570, 760), 1):
        _pipe(pen, [(260, 260), (left + 40, 260), (left + 40, 420)], BLUE)
        _pipe(pen, [(260, 340), (left + 100, 340), (left + 100, 420)], RED)
        _box(pen, (left, 420, left + 150, 540), f"lokaal {number}")
        pen.line([(left + 20, 400), (left + 60, 370)], fill=INK, width=6)
    pen.text((60, 80), "blauw: toevoer    rood: afvoer    streep: klep", fill=INK, anchor="lm", font_size=24)


def _outdoor_unit(pen: Pen) -> None:
    pen.rectangle((60, 60, 180, 520), fill="#c98f72", outline=INK, width=4)
    pen.text((120, 40), "gevel", fill=INK, anchor="mm", font_size=22)
    _box(pen, (320, 150, 760, 400), "")
    _fan(pen, 460, 275, 100)
    for left in (370, 660):
        pen.rectangle((left, 400, left + 50, 430), fill=INK)
    pen.rectangle((300, 430, 780, 500), fill="#b9bdb9", outline=INK, width=4)
    pen.text((540, 465), "betonnen voet, los van de gevel", fill=INK, anchor="mm", font_size=22)
    pen.text((800, 415), "rubber", fill=INK, anchor="lm", font_size=22)
    pen.line([(60, 520), (900, 520)], fill=GREEN, width=8)


def _case(pen: Pen) -> None:
    pen.arc((400, 90, 560, 230), 180, 360, fill=INK, width=14)
    _box(pen, (140, 160, 820, 520), "", "#35505c")
    pen.rounded_rectangle((170, 190, 790, 490), 8, fill="#e8ece8")
    for left, color in ((230, BLUE), (390, RED)):
        pen.ellipse((left, 230, left + 130, 360), fill="white", outline=color, width=10)
        pen.line([(left + 65, 295), (left + 100, 255)], fill=INK, width=5)
    pen.arc((220, 340, 520, 470), 0, 180, fill=RED, width=10)
    _box(pen, (590, 230, 730, 450), "12,4\nA", "#f4d35e")


DRAWINGS: dict[str, Callable[[Pen], None]] = {
    "warmtepomp": _heat_pump,
    "grafiek": _chart,
    "meterkast": _board,
    "groepen": _charger,
    "ventilatie": _ventilation,
    "buitendeel": _outdoor_unit,
    "koffer": _case,
}
