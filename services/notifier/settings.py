"""The notifier's settings. Prefix `NOTIFIER_`."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.link_keys import LinkKeys
from chassis.settings import ServiceSettings, read_secret
from services.notifier.domain.addresses import read_sender
from services.notifier.domain.circuit import Waits
from services.notifier.domain.mail import Retries
from services.notifier.domain.pacing import Rate


class NotifierSettings(ServiceSettings):
    """Where mails go out, and how long each step may take."""

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_", extra="ignore", hide_input_in_errors=True)

    relay_gathering_seconds: float = Field(
        0.1, ge=0, le=1, description="how long what is said one after the other waits for more, to be sent together"
    )  # longer than the others' wait: what is said here comes after the mail and the bell
    smtp_host: str = Field("127.0.0.1", description="mail server")
    smtp_port: int = Field(25, ge=1, le=65535, description="its port")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("starttls", description="how the connection is protected")
    smtp_user: str | None = Field(None, description="user name at the mail server")
    smtp_password_file: Path | None = Field(None, description="file with that user's password")
    test_smtp_host: str | None = Field(
        None, description="mail server for test clients, which keeps their mails; unset: those are not sent at all"
    )
    test_smtp_port: int = Field(25, ge=1, le=65535, description="its port; neither TLS nor login")
    smtp_ca_file: Path | None = Field(None, description="certificates that the mail server's must be signed by")
    smtp_connect_timeout_seconds: float = Field(30, gt=0, description="longest wait for connection and greeting")
    smtp_tls_timeout_seconds: float | None = Field(None, gt=0, description="for TLS; unset: as for the connection")
    smtp_login_timeout_seconds: float | None = Field(None, gt=0, description="for the login; unset: the same")
    smtp_command_timeout_seconds: float = Field(30, gt=0, description="longest wait for the answer to a command")
    smtp_mail_timeout_seconds: float | None = Field(None, gt=0, description="to MAIL; unset: as for any command")
    smtp_rcpt_timeout_seconds: float | None = Field(None, gt=0, description="to RCPT; unset: the same")
    smtp_start_timeout_seconds: float | None = Field(None, gt=0, description="to DATA; unset: the same")
    smtp_data_timeout_seconds: float = Field(
        600, gt=0, description="longest wait for the answer to the content (RFC 5321 §4.5.3.2.6 asks for 10 minutes)"
    )
    mail_from: str = Field("Aktivera <no-reply@aktivera.local>", description="sender of all mails")
    mail_domain: str = Field(
        "aktivera.local",
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
        description="domain of Message-IDs and of our greeting to the server",
    )
    mail_server_rate_per_second: float | None = Field(
        None, gt=0, description="mails to the mail server, of each process; unset: as fast as it takes them"
    )
    mail_server_burst_mails: int = Field(10, ge=1, description="at once after a rest, where that rate is set")
    mail_domain_rate_per_second: float | None = Field(
        None, gt=0, description="mails to recipients of one domain, of each process; unset: as fast as it goes"
    )
    mail_domain_burst_mails: int = Field(10, ge=1, description="at once after a rest, where that rate is set")
    mail_workers: int = Field(4, ge=1, le=32, description="connections to the mail server in a process")
    mail_retry_delays_seconds: tuple[float, ...] = Field(
        Retries().delays, min_length=1, description="wait after each attempt that was put off; the last is repeated"
    )
    mail_server_retry_seconds: float = Field(
        Retries().relay_delay, gt=0, description="longest wait while the mail server itself is the obstacle"
    )
    mail_circuit_seconds: float = Field(
        Waits().first, gt=0, description="how long all mails wait after the server refused us, doubled at each try"
    )
    mail_give_up_days: float = Field(5, gt=0, description="a mail put off for that long has failed")
    mail_poll_seconds: float = Field(1.0, gt=0, description="how often the queue is looked at when nothing wakes us")
    mail_stop_seconds: float = Field(5, ge=0, description="how long a stop waits for the answer to a content")
    console_url: str | None = Field(
        None, pattern=r"^https?://[^\s?#]+$", description="where links in mails lead; without it mails have no links"
    )
    link_keys_file: Path = Field(description="file with the keys of links in mails, the same as activation's")

    @field_validator("mail_from")
    @classmethod
    def _a_sender(cls, value: str) -> str:
        read_sender(value)
        return value

    @cached_property
    def link_keys(self) -> LinkKeys:
        """Raises ValueError, OSError where the file is not as it should be."""
        return LinkKeys.from_file(self.link_keys_file)

    @property
    def smtp_password(self) -> str | None:
        return None if self.smtp_password_file is None else read_secret(self.smtp_password_file)

    @property
    def for_tests(self) -> "NotifierSettings | None":
        """The same with the mail server of test clients; None where there is none."""
        if self.test_smtp_host is None:
            return None
        server = {"smtp_host": self.test_smtp_host, "smtp_port": self.test_smtp_port, "smtp_tls": "none"}
        return self.model_copy(update=server | {"smtp_user": None, "smtp_password_file": None})

    @property
    def relay(self) -> str:
        """What a mail server is known by."""
        return f"{self.smtp_host}:{self.smtp_port}"

    @property
    def tls_seconds(self) -> float:
        return self.smtp_tls_timeout_seconds or self.smtp_connect_timeout_seconds

    @property
    def login_seconds(self) -> float:
        return self.smtp_login_timeout_seconds or self.smtp_connect_timeout_seconds

    @property
    def mail_seconds(self) -> float:
        return self.smtp_mail_timeout_seconds or self.smtp_command_timeout_seconds

    @property
    def rcpt_seconds(self) -> float:
        return self.smtp_rcpt_timeout_seconds or self.smtp_command_timeout_seconds

    @property
    def start_seconds(self) -> float:
        return self.smtp_start_timeout_seconds or self.smtp_command_timeout_seconds

    @property
    def offer_seconds(self) -> float:
        """The longest a dialogue may take before the content goes out; the claim's lease is longer."""
        tls = self.tls_seconds if self.smtp_tls == "starttls" else 0
        login = self.login_seconds if self.smtp_user is not None else 0
        return (
            self.smtp_connect_timeout_seconds + tls + login + self.mail_seconds + self.rcpt_seconds + self.start_seconds
        )

    @property
    def waits(self) -> Waits:
        """Of an open circuit."""
        return Waits(self.mail_circuit_seconds, self.mail_server_retry_seconds)

    @property
    def server_rate(self) -> Rate | None:
        if self.mail_server_rate_per_second is None:
            return None
        return Rate(self.mail_server_rate_per_second, self.mail_server_burst_mails)

    @property
    def domain_rate(self) -> Rate | None:
        if self.mail_domain_rate_per_second is None:
            return None
        return Rate(self.mail_domain_rate_per_second, self.mail_domain_burst_mails)

    @property
    def retries(self) -> Retries:
        return Retries(
            self.mail_retry_delays_seconds, self.mail_server_retry_seconds, timedelta(days=self.mail_give_up_days)
        )
