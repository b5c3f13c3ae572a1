"""Which voices there are. Importing this loads no engine."""

from kinescribe_server.speech.protocol import VoiceInfo

# In the order of preference; the first is the default. The languages are primary subtags: "en" covers "en-GB".
VOICES: tuple[VoiceInfo, ...] = (VoiceInfo("heart", ("en",), "hibari"),)
