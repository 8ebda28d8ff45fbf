"""Masks as docs/adr/0009-masks.md says, computed apart from Runink: for what must come out of a run."""
import hashlib
import hmac

MASK64 = (1 << 64) - 1


def rotated(word, by):
    return ((word << by) | (word >> (64 - by))) & MASK64


def siphash128(key, data):
    """SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012; the reference code's variant)."""
    low, high = (int.from_bytes(key[i:i + 8], "little") for i in (0, 8))
    a, b, c, d = (low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d ^ 0xee,
                  low ^ 0x6c7967656e657261, high ^ 0x7465646279746573)

    def turn(rounds):
        nonlocal a, b, c, d
        for _ in range(rounds):
            a = (a + b) & MASK64
            b = rotated(b, 13) ^ a
            a = rotated(a, 32)
            c = (c + d) & MASK64
            d = rotated(d, 16) ^ c
            a = (a + d) & MASK64
            d = rotated(d, 21) ^ a
            c = (c + b) & MASK64
            b = rotated(b, 17) ^ c
            c = rotated(c, 32)

    whole = len(data) - len(data) % 8
    tail = data[whole:].ljust(7, b"\0") + bytes([len(data) & 0xff])
    for word in [data[i:i + 8] for i in range(0, whole, 8)] + [tail]:
        word = int.from_bytes(word, "little")
        d ^= word
        turn(2)
        a ^= word
    c ^= 0xee
    turn(4)
    first = a ^ b ^ c ^ d
    b ^= 0xdd
    turn(4)
    return first.to_bytes(8, "little") + (a ^ b ^ c ^ d).to_bytes(8, "little")


class Masks:
    """What each method makes of a text under the key of a herd; nothing stays nothing."""

    def __init__(self, key):
        self.key = key
        self.sip_key = hmac.new(key, b"runink tokenise", hashlib.sha256).digest()[:16]

    def tokenise(self, text):
        return "tok_" + siphash128(self.sip_key, text.encode()).hex()

    def hash(self, text):
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:32]

    @staticmethod
    def partial(text):
        return "***" if len(text) < 9 else "*" * (len(text) - 4) + text[-4:]

    @staticmethod
    def redact(_):
        return "***"
