"""Settings from the environment. Each field says what it is; README.md lists them."""

import os
import re
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kinescribe_server.jobs.errors import SettingError

# The H.264 encoder in the wheel of PyAV.
SOFTWARE_ENCODER = "libx264"

# What redis-py reads: of any other database it would take the first, and of any other port or scheme say so with a
# traceback.
_REDIS_URL = re.compile(
    r"rediss?://([^@/?#]*@)?(\[[0-9a-fA-F:.]+\]|[^@:/?#]+)(:[0-9]{1,5})?(/[0-9]*)?(\?.*)?$|unix://([^@]*@)?/.+"
)


class Settings(BaseSettings):
    """The service's settings: an upper-case environment variable for each field."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    redis_url: str = ""
    """A Redis of your own, for example redis://user:password@host:6379/0. Wins over the three below."""
    redis_host: str = ""
    """The host of a Redis of your own. Where this and redis_url are empty, an embedded Valkey is started."""
    redis_port: int = Field(default=6379, ge=1, le=65535)
    redis_db: int = Field(default=0, ge=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    kinescribe_script_workers: int = Field(default=0, ge=0)
    """0, for this and the next two: one, which feeds a whole machine, or three where a remote service does the work."""
    kinescribe_speech_workers: int = Field(default=0, ge=0)
    kinescribe_visual_workers: int = Field(default=0, ge=0)
    kinescribe_render_workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    llm_base_url: str = ""
    """An OpenAI-compatible endpoint that writes and translates scripts. The key is read from LLM_API_KEY where it is
    needed."""
    llm_model: str = ""
    llm_timeout_seconds: float = Field(default=120.0, gt=0)
    llm_budget_seconds: float = Field(default=300.0, gt=0)
    llm_budget_tokens: int = Field(default=200_000, ge=1)
    llm_reply_tokens: int = Field(default=8_000, ge=1)
    llm_concurrency: int = Field(default=4, ge=1)
    llm_per_minute: int = Field(default=0, ge=0)
    speech_base_url: str = ""
    """An OpenAI-compatible endpoint that speaks. The key is read from SPEECH_API_KEY where it is needed."""
    speech_model: str = "tts-1"
    speech_voices: str = "alloy"
    speech_languages: str = ""
    speech_api: Literal["openai", "kokoro"] = "openai"
    speech_format: Literal["wav", "pcm"] = "wav"
    speech_timeout_seconds: float = Field(default=60.0, gt=0)
    speech_requests_per_minute: int = Field(default=0, ge=0)
    presenton_url: str = ""
    """A Presenton that makes the slides. Empty: Typst makes them."""
    presenton_api: Literal["self-hosted", "cloud"] = "self-hosted"
    presenton_template: str = "general"
    presenton_auth: Literal["none", "basic", "bearer"] = "none"
    """How it wants to be asked; the credentials are read from PRESENTON_USERNAME and PRESENTON_PASSWORD, or
    PRESENTON_API_KEY, where they are needed."""
    formula_renderer: Literal["mathra", "tex"] = "mathra"
    """Who draws formulas first: the embedded renderer, or the machine's TeX."""
    kinescribe_encoder: str = SOFTWARE_ENCODER
    """FFmpeg's name of the H.264 encoder, for example h264_nvenc or h264_vaapi. Where it cannot be opened, the one
    that comes with the service takes its place, and the job says so."""
    kinescribe_hold: Literal["skip", "encoded", "variable"] = "skip"
    """How a still is held: by pictures that say "as before", by encoding it again and again, or by pictures that last
    longer (a variable frame rate, the smallest file)."""
    kinescribe_queue_limit: int = Field(default=1000, ge=1)
    """The most jobs that wait or run at a time."""
    kinescribe_owner_jobs: int = Field(default=0, ge=0)
    """The most jobs of one owner that wait or run at a time; 0: no limit of their own."""
    kinescribe_owner_requests: int = Field(default=0, ge=0)
    """The most jobs that one owner may start in a minute; 0: no limit."""
    kinescribe_owner_film_seconds: int = Field(default=0, ge=0)
    """The most seconds of film that are made for one owner in a day; 0: no limit."""
    kinescribe_cache_mib: int = Field(default=4096, ge=0)
    """The most that files may have together which no job refers to. They go an hour after their last use anyway."""
    engine: Literal["local", "celery"] = "local"
    """Where steps run: in processes of the service, or on Celery workers (kinescribe worker)."""
    celery_broker_url: str = ""
    """Celery's broker. Empty: the database after the state's in the same Redis."""
    celery_sentinel_primary: str = ""
    """The name of the primary where the broker is found by Redis Sentinel."""
    kinescribe_lease_seconds: float = Field(default=15.0, ge=1)
    """How long a worker may be silent before its step is given to another."""
    kinescribe_drain_seconds: float = Field(default=10.0, ge=0)
    """How long steps in hand may take to finish when the service ends; what is not done is handed back."""

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, url: str) -> str:
        """Raises SettingError, not a ValidationError, which would quote the password."""
        if url and not _REDIS_URL.match(url):
            shown = f"{url.partition('://')[0][:20]}://…{url.rpartition('@')[2][-40:]}" if "://" in url else url[:20]
            raise SettingError(
                f"REDIS_URL={shown!r} cannot be read; expected redis://, rediss:// or unix://, then "
                "user:password@ (special characters as %40), HOST:PORT and /DATABASE, for example redis://host:6379/0"
            )
        return url

    def external_redis(self) -> str:
        """The URL of the user's Redis; "" where the embedded one is wanted."""
        if self.redis_url or not self.redis_host:
            return self.redis_url
        return f"redis://{self.redis_host}:{self.redis_port}/{self.redis_db}"


def read_settings() -> Settings:
    """The settings in the environment. Raises SettingError, which names each that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"{str(fault['loc'][0]).upper()}={fault['input']!r}: {fault['msg']}" for fault in error.errors()]
        raise SettingError("; ".join(wrong)) from error
