"""Prints, as JSON, the contract that the stubs on the import path have: run on its own by test_old_stubs.py.

Each message is filled in as many ways as its largest oneof has members, with every other field set.
"""

import json
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import kinescribe.v1

_SCALARS: dict[int, Any] = {
    FieldDescriptor.TYPE_BOOL: True,
    FieldDescriptor.TYPE_BYTES: b"\x00\xff",
    FieldDescriptor.TYPE_DOUBLE: 1.5,
    FieldDescriptor.TYPE_FLOAT: 2.5,
    FieldDescriptor.TYPE_INT32: 3,
    FieldDescriptor.TYPE_INT64: 1 << 33,
    FieldDescriptor.TYPE_STRING: "naïve ✓",
    FieldDescriptor.TYPE_UINT32: 7,
    FieldDescriptor.TYPE_UINT64: 1 << 50,
}

# What an Any holds is somebody else's contract.
_ANY = "google.protobuf.Any"


def describe() -> dict[str, Any]:
    names = sorted(module.name for module in pkgutil.iter_modules(kinescribe.v1.__path__, "kinescribe.v1."))
    files = [_file(import_module(name)) for name in names if name.endswith("_pb2")]
    return {
        "home": str(Path(str(kinescribe.v1.__file__)).parent),
        "messages": {message.full_name: _samples(message) for file in files for message in _messages(file)},
        "enums": {
            enum.full_name: {value.name: value.number for value in enum.values}
            for file in files
            for enum in file.enum_types_by_name.values()
        },
        "calls": {
            f"{service.full_name}/{call.name}": [
                *(call.input_type.full_name, call.client_streaming),
                *(call.output_type.full_name, call.server_streaming),
            ]
            for file in files
            for service in file.services_by_name.values()
            for call in service.methods
        },
    }


def _file(module: ModuleType) -> FileDescriptor:
    descriptor = module.DESCRIPTOR
    assert isinstance(descriptor, FileDescriptor)
    return descriptor


def _messages(file: FileDescriptor) -> Iterator[Descriptor]:
    for message in file.message_types_by_name.values():
        yield message
        yield from (nested for nested in message.nested_types if not nested.GetOptions().map_entry)


def _samples(descriptor: Descriptor) -> list[dict[str, Any]]:
    ways = max((len(oneof.fields) for oneof in descriptor.oneofs), default=1)
    filled = [_filled(GetMessageClass(descriptor)(), way) for way in range(ways)]
    return [
        {
            "wire": message.SerializeToString(deterministic=True).hex(),
            "json": json_format.MessageToDict(message),
        }
        for message in filled
    ]


def _filled(message: Message, way: int, around: tuple[str, ...] = ()) -> Message:
    """Sets every field, except with messages of the kinds that this one is part of."""
    around = (*around, message.DESCRIPTOR.full_name)
    other_members = {
        oneof.fields[number].name
        for oneof in message.DESCRIPTOR.oneofs
        for number in range(len(oneof.fields))
        if number != way % len(oneof.fields)
    }
    for name, field in message.DESCRIPTOR.fields_by_name.items():
        kind = field.message_type.full_name if field.message_type is not None else ""
        if name not in other_members and kind not in (*around, _ANY):
            _set(message, name, way, around)
    return message


def _set(message: Message, name: str, way: int, around: tuple[str, ...]) -> None:
    field, value = message.DESCRIPTOR.fields_by_name[name], getattr(message, name)
    if field.message_type is None:
        scalar = field.enum_type.values[-1].number if field.enum_type is not None else _SCALARS[field.type]
        if field.is_repeated:
            value.extend([scalar] * 2)
        else:
            setattr(message, name, scalar)
    elif field.message_type.GetOptions().map_entry:
        key, content = (field.message_type.fields_by_name[part] for part in ("key", "value"))
        value[_SCALARS[key.type]] = _SCALARS[content.type]
    elif field.is_repeated:
        _filled(value.add(), way, around)
    else:
        value.SetInParent()
        _filled(value, way, around)


if __name__ == "__main__":
    json.dump(describe(), sys.stdout)
