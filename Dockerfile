# syntax=docker/dockerfile:1
# The images: one a service, holding chassis, schemas and that service alone, and `operations` for the one-shot jobs.
# Nothing is compiled: every library comes as a wheel, checked against its hash.

FROM python:3.13-slim AS libraries
COPY requirements/runtime.txt /tmp/runtime.txt
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --require-hashes --only-binary=:all: -r /tmp/runtime.txt

FROM python:3.13-slim AS code
COPY --from=libraries /opt/venv /opt/venv
# HOME: the user has no entry in /etc/passwd, and libraries look for files of the user's.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
WORKDIR /app
COPY chassis chassis
COPY schemas schemas

FROM code AS onboarding
COPY services/onboarding services/onboarding
RUN python -m compileall -q .
USER 10001:10001
EXPOSE 8101
CMD ["python", "-m", "services.onboarding"]

FROM code AS activation
COPY services/activation services/activation
RUN python -m compileall -q .
USER 10001:10001
EXPOSE 8102
CMD ["python", "-m", "services.activation"]

FROM code AS notifier
COPY services/notifier services/notifier
RUN python -m compileall -q .
USER 10001:10001
EXPOSE 8103
CMD ["python", "-m", "services.notifier"]

FROM code AS insights
COPY services/insights services/insights
RUN python -m compileall -q .
USER 10001:10001
EXPOSE 8104
CMD ["python", "-m", "services.insights"]

FROM code AS operations
COPY aktivera aktivera
COPY services/onboarding/migrations services/onboarding/migrations
# The rule book, for `aktivera contract check`.
COPY services/onboarding/domain services/onboarding/domain
COPY services/activation/migrations services/activation/migrations
COPY services/notifier/migrations services/notifier/migrations
COPY --chmod=755 deploy/aktivera /usr/local/bin/aktivera
# A new volume takes the owner of the folder it is mounted on, so that the job which fills them needs no root. They are
# read at another place (/secrets): of two images with a folder there the first would decide.
WORKDIR /var/lib/aktivera/secrets
RUN install -d -o 10001 -g 10001 -m 700 all \
    && install -d -o 10001 -g 10001 -m 700 migrate onboarding activation notifier insights demo aktivera \
    && install -d -o 10001 -g 10001 -m 755 postgres \
    && python -m compileall -q /app
USER 10001:10001
ENTRYPOINT ["aktivera"]
CMD ["--help"]
