"""What happens to a packet on its way, or in bad firmware."""

import random


def mutated(packet: bytes, dice: random.Random) -> bytes:
    """One to four accidents: a flipped octet, a cut, something doubled, a length that lies."""
    made = bytearray(packet)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(made)) if made else 0
        accident = dice.randrange(5)
        if accident == 0 and made:
            made[at] = dice.randrange(256)
        elif accident == 1:
            del made[at:]
        elif accident == 2:
            made[at:at] = made[at : at + dice.randrange(1, 40)]
        elif accident == 3 and made:
            made[at] = dice.choice([0x00, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, 0x30, 0x02])
        else:
            made += dice.randbytes(dice.randrange(1, 60))
    return bytes(made)
