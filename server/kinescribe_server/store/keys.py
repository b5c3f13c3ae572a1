"""The names of keys. All keys of a job share the hash tag {job_id}, all keys of an owner {owner:name}: one Lua script
never reaches over two tags, so a Redis Cluster works."""

from dataclasses import dataclass

from kinescribe_server.jobs.model import Resource


@dataclass(frozen=True, slots=True)
class JobKeys:
    job_id: str

    def _key(self, part: str) -> str:
        return f"ks:{{{self.job_id}}}:{part}"

    @property
    def job(self) -> str:
        return self._key("job")

    @property
    def events(self) -> str:
        return self._key("events")

    @property
    def steps(self) -> str:
        return self._key("steps")

    def pending(self, resource: Resource) -> str:
        return self._key(f"pending:{resource}")

    @property
    def results(self) -> str:
        return self._key("results")

    @property
    def artifacts(self) -> str:
        return self._key("artifacts")

    @property
    def warnings(self) -> str:
        return self._key("warnings")

    @property
    def gauges(self) -> str:
        """A channel, not a key."""
        return self._key("gauges")

    def for_composer(self) -> list[str]:
        """In the order in which composer.lua takes them."""
        return [
            *(self.job, self.events, self.steps, self._key("leases")),
            *(self.results, self.artifacts, self.warnings),
            *(self.pending(resource) for resource in Resource),
        ]


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    owner: str

    def _key(self, part: str) -> str:
        return f"ks:{{owner:{self.owner}}}:{part}"

    @property
    def jobs(self) -> str:
        return self._key("jobs")

    @property
    def active(self) -> str:
        return self._key("active")

    @property
    def expiry(self) -> str:
        return self._key("expiry")

    @property
    def attachments(self) -> str:
        return self._key("attachments")

    @property
    def requests_of_minute(self) -> str:
        return self._key("requests")

    @property
    def film_of_day(self) -> str:
        return self._key("film")

    @property
    def attachments_used(self) -> str:
        return self._key("attachments:used")

    def request(self, request_id: str) -> str:
        return self._key(f"request:{request_id}")
