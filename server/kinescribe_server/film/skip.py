"""Pictures that say "as before": H.264 P pictures in which every macroblock is skipped.

An encoder spends 20 ms of CPU on repeating a 1080p picture. Such a picture is always the same 70 bytes, so it is
written here: a slice header that fits the encoder's parameter sets, and a CABAC payload that only depends on the number
of macroblocks. Every decoder shows an exact copy of the picture before. Sections are those of ITU-T H.264 (08/2021).
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

_SPS, _PPS = 7, 8
_P_PICTURE = b"\x41"  # nal_ref_idc 2, nal_unit_type 1: a reference picture that is not IDR
_P_SLICE = 1
_START_CODE = b"\x00\x00\x00\x01"
_LIKE_A_START_CODE = re.compile(rb"\x00\x00(?=[\x00-\x03])")
# A slice has its frame_num, of at most 16 bits, within its first bytes: three small numbers are before it.
_HEAD_BYTES = 8
_HIGH_PROFILES = (100, 110, 122, 244)
# Nothing is coded and nothing is deblocked, so the quantiser does not touch the picture; it sets the first CABAC state.
_SLICE_QP = 40


class UnmatchedEncoderError(Exception):
    """The parameter sets use something that the skip pictures written here do not provide for."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What a slice header depends on (7.3.2.1.1, 7.3.2.2)."""

    macroblocks: int
    frame_num_bits: int
    picture_qp: int


class SkipWriter:
    """Writes skip pictures for a stream with the given extradata (SPS and PPS, Annex B).

    Raises UnmatchedEncoderError for parameter sets that it cannot match.
    """

    def __init__(self, extradata: bytes) -> None:
        self._sets = read_parameter_sets(extradata)

    def picture(self, after_key_frame: int) -> bytes:
        """The skip picture that is the n-th picture after an IDR picture (Annex B, n from 1)."""
        return _skip_picture(self._sets, self._frame_num(after_key_frame))

    def renumbered(self, picture: bytes, after_key_frame: int) -> bytes:
        """An encoded P picture (Annex B) as the n-th picture after an IDR picture: with skip pictures before it."""
        units = (
            _renumbered(unit, self._frame_num(after_key_frame), self._sets.frame_num_bits)
            if unit[0] & 31 == _P_SLICE
            else unit
            for unit in _units(picture)
        )
        return b"".join(_START_CODE + unit for unit in units)

    def _frame_num(self, after_key_frame: int) -> int:
        return after_key_frame % (1 << self._sets.frame_num_bits)


@functools.lru_cache(maxsize=256)  # a clip has hundreds of them, and no more than 16 different ones
def _skip_picture(sets: ParameterSets, frame_num: int) -> bytes:
    bits = _BitWriter()
    bits.exp_golomb(0)  # first_mb_in_slice
    bits.exp_golomb(5)  # slice_type: P, and so are all slices of the picture
    bits.exp_golomb(0)  # pic_parameter_set_id
    bits.fixed(frame_num, sets.frame_num_bits)
    bits.fixed(1, 1)  # num_ref_idx_active_override_flag
    bits.exp_golomb(0)  # num_ref_idx_l0_active_minus1: the picture before, and no other
    bits.fixed(0, 1)  # ref_pic_list_modification_flag_l0
    bits.fixed(0, 1)  # adaptive_ref_pic_marking_mode_flag: sliding window
    bits.exp_golomb(0)  # cabac_init_idc
    bits.signed_exp_golomb(_SLICE_QP - sets.picture_qp)  # slice_qp_delta
    bits.exp_golomb(1)  # disable_deblocking_filter_idc: off
    header = bits.aligned_with_ones()  # cabac_alignment_one_bit
    payload = _with_emulation_prevention(header + _skipped_macroblocks(sets.macroblocks))
    return _START_CODE + _P_PICTURE + payload


def _renumbered(unit: bytes, frame_num: int, bits: int) -> bytes:
    """A slice with another frame_num, which has a fixed length: nothing else moves."""
    payload = _without_emulation_prevention(unit[1:])
    head, rest = payload[:_HEAD_BYTES], payload[_HEAD_BYTES:]
    reader = _BitReader(head)
    for _ in ("first_mb_in_slice", "slice_type", "pic_parameter_set_id"):
        reader.exp_golomb()
    reader.fixed(bits)
    others = int.from_bytes(head) & ~(((1 << bits) - 1) << reader.left)
    return unit[:1] + _with_emulation_prevention((others | frame_num << reader.left).to_bytes(len(head)) + rest)


def read_parameter_sets(extradata: bytes) -> ParameterSets:
    """What matters in an SPS and a PPS. Raises UnmatchedEncoderError."""
    sets = {unit[0] & 31: _without_emulation_prevention(unit[1:]) for unit in _units(extradata)}
    if _SPS not in sets or _PPS not in sets:
        _unmatched("no SPS and PPS in Annex B form")
    macroblocks, frame_num_bits = _read_sps(_BitReader(sets[_SPS]))
    return ParameterSets(macroblocks, frame_num_bits, _read_pps(_BitReader(sets[_PPS])))


def _read_sps(bits: "_BitReader") -> tuple[int, int]:
    profile = bits.fixed(8)
    bits.fixed(16)  # constraint flags, level_idc
    bits.exp_golomb()  # seq_parameter_set_id
    if profile in _HIGH_PROFILES:
        _require(bits.exp_golomb() == 1, "a chroma format other than 4:2:0")
        _require(bits.exp_golomb() == 0 and bits.exp_golomb() == 0, "more than 8 bits a sample")
        bits.fixed(1)  # qpprime_y_zero_transform_bypass_flag
        _require(bits.fixed(1) == 0, "scaling matrices")
    frame_num_bits = bits.exp_golomb() + 4
    _require(bits.exp_golomb() == 2, "a picture order that is not the decoding order")
    bits.exp_golomb()  # max_num_ref_frames
    bits.fixed(1)  # gaps_in_frame_num_value_allowed_flag
    macroblocks = (bits.exp_golomb() + 1) * (bits.exp_golomb() + 1)
    _require(bits.fixed(1) == 1, "interlaced coding")
    return macroblocks, frame_num_bits


def _read_pps(bits: "_BitReader") -> int:
    _require(bits.exp_golomb() == 0 and bits.exp_golomb() == 0, "parameter sets other than number 0")
    _require(bits.fixed(1) == 1, "CAVLC")
    bits.fixed(1)  # bottom_field_pic_order_in_frame_present_flag: unused with picture order type 2
    _require(bits.exp_golomb() == 0, "slice groups")
    bits.exp_golomb()  # num_ref_idx_l0_default_active_minus1
    bits.exp_golomb()  # num_ref_idx_l1_default_active_minus1
    _require(bits.fixed(1) == 0, "weighted prediction")
    bits.fixed(2)  # weighted_bipred_idc
    picture_qp = 26 + bits.signed_exp_golomb()
    bits.signed_exp_golomb()  # pic_init_qs_minus26
    bits.signed_exp_golomb()  # chroma_qp_index_offset
    _require(bits.fixed(1) == 1, "no deblocking control")
    bits.fixed(1)  # constrained_intra_pred_flag
    _require(bits.fixed(1) == 0, "redundant pictures")
    return picture_qp


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        _unmatched(otherwise)


def _unmatched(found: str) -> NoReturn:
    raise UnmatchedEncoderError(f"skip pictures cannot be written for this stream, which has {found}")


def _units(stream: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B byte stream, without start codes and trailing zeros."""
    return (unit.rstrip(b"\x00") for unit in stream.split(b"\x00\x00\x01")[1:] if unit)


def _with_emulation_prevention(payload: bytes) -> bytes:
    """Keeps start codes from appearing inside a NAL unit (7.4.1)."""
    return _LIKE_A_START_CODE.sub(b"\x00\x00\x03", payload)


def _without_emulation_prevention(payload: bytes) -> bytes:
    return payload.replace(b"\x00\x00\x03", b"\x00\x00")


# rangeTabLPS (table 9-44) from state 26 on: the states that a run of skipped macroblocks passes through.
_FIRST_STATE = 26
_RANGE_LPS = (
    (37, 45, 54, 62), (35, 43, 51, 59), (33, 41, 48, 56), (32, 39, 46, 53), (30, 37, 43, 50), (29, 35, 41, 48),
    (27, 33, 39, 45), (26, 31, 37, 43), (24, 30, 35, 41), (23, 28, 33, 39), (22, 27, 32, 37), (21, 26, 30, 35),
    (20, 24, 29, 33), (19, 23, 27, 31), (18, 22, 26, 30), (17, 21, 25, 28), (16, 20, 23, 27), (15, 19, 22, 25),
    (14, 18, 21, 24), (14, 17, 20, 23), (13, 16, 19, 22), (12, 15, 18, 21), (12, 14, 17, 20), (11, 14, 16, 19),
    (11, 13, 15, 18), (10, 12, 15, 17), (10, 12, 14, 16), (9, 11, 13, 15), (9, 11, 12, 14), (8, 10, 12, 14),
    (8, 9, 11, 13), (7, 9, 11, 12), (7, 9, 10, 12), (7, 8, 10, 11), (6, 8, 9, 11), (6, 7, 9, 10),
    (6, 7, 8, 9),
)  # fmt: skip
_LAST_STATE = 62


@functools.cache
def _skipped_macroblocks(count: int) -> bytes:
    """The CABAC data of `count` skipped macroblocks: mb_skip_flag 1 and end_of_slice_flag 0, the last one 1 (9.3.4.2).

    mb_skip_flag's context is number 11 throughout, as both neighbours are skipped or absent. With cabac_init_idc 0 it
    starts from m = 23, n = 33 (table 9-13): state 26, most probable symbol 1; every flag is that symbol.
    """
    coder, state = _ArithmeticCoder(), ((23 * _SLICE_QP) >> 4) + 33 - 64
    for _ in range(count - 1):
        coder.most_probable(_RANGE_LPS[state - _FIRST_STATE])
        coder.terminate(last=False)
        state = min(state + 1, _LAST_STATE)
    coder.most_probable(_RANGE_LPS[state - _FIRST_STATE])
    coder.terminate(last=True)
    return coder.finished()


class _ArithmeticCoder:
    """The CABAC encoder of 9.3.4, for most probable symbols and the end of the slice."""

    def __init__(self) -> None:
        self._low, self._range, self._outstanding, self._first = 0, 510, 0, True
        self._bits = _BitWriter()

    def most_probable(self, range_lps: tuple[int, int, int, int]) -> None:
        self._range -= range_lps[(self._range >> 6) & 3]
        self._renormalise()

    def terminate(self, *, last: bool) -> None:
        self._range -= 2
        if last:
            self._low += self._range
            self._range = 2
        self._renormalise()

    def finished(self) -> bytes:
        self._put((self._low >> 9) & 1)
        self._bits.fixed((self._low >> 7) & 3 | 1, 2)  # the last bit is rbsp_stop_one_bit
        return self._bits.aligned_with_zeros()

    def _renormalise(self) -> None:
        while self._range < 256:
            if self._low < 256:
                self._put(0)
            elif self._low >= 512:
                self._low -= 512
                self._put(1)
            else:
                self._low -= 256
                self._outstanding += 1
            self._range <<= 1
            self._low <<= 1

    def _put(self, bit: int) -> None:
        if self._first:
            self._first = False
        else:
            self._bits.fixed(bit, 1)
        for _ in range(self._outstanding):
            self._bits.fixed(1 - bit, 1)
        self._outstanding = 0


class _BitReader:
    def __init__(self, data: bytes) -> None:
        self._value, self.left = int.from_bytes(data), 8 * len(data)

    def fixed(self, bits: int) -> int:
        if bits > self.left:
            _unmatched("parameter sets that end early")
        self.left -= bits
        return (self._value >> self.left) & ((1 << bits) - 1)

    def exp_golomb(self) -> int:
        zeros = 0
        while self.fixed(1) == 0:
            zeros += 1
        return (1 << zeros) - 1 + self.fixed(zeros)

    def signed_exp_golomb(self) -> int:
        code = self.exp_golomb()
        return (code + 1) // 2 if code % 2 else -(code // 2)


class _BitWriter:
    def __init__(self) -> None:
        self._value, self._bits = 1, 0  # the leading 1 keeps zeros in front

    def fixed(self, value: int, bits: int) -> None:
        self._value = self._value << bits | value
        self._bits += bits

    def exp_golomb(self, value: int) -> None:
        self.fixed(value + 1, 2 * (value + 1).bit_length() - 1)

    def signed_exp_golomb(self, value: int) -> None:
        self.exp_golomb(2 * value - 1 if value > 0 else -2 * value)

    def aligned_with_ones(self) -> bytes:
        padding = -self._bits % 8
        self.fixed((1 << padding) - 1, padding)
        return self._bytes()

    def aligned_with_zeros(self) -> bytes:
        self.fixed(0, -self._bits % 8)
        return self._bytes()

    def _bytes(self) -> bytes:
        return (self._value ^ 1 << self._bits).to_bytes(self._bits // 8)
