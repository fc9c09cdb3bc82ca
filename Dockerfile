# One image for web, workers and beat; docker-compose.yml says which it is.
FROM node:24-slim AS pages
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend ./
COPY docs/openapi.yaml ../docs/openapi.yaml
COPY docs/guides ../docs/guides
RUN npm run build

FROM python:3.11-slim AS packages
# cpu, or auto where the GPU worker's machine has one
ARG TORCH_BACKEND=cpu
WORKDIR /guildhall
COPY requirements.lock ./
RUN pip install --no-cache-dir uv==0.13.9 \
    && uv pip install --system --no-cache --torch-backend "$TORCH_BACKEND" -r requirements.lock

# flexcore's native library, for any x86-64 or ARM processor
FROM packages AS native
RUN apt-get update && apt-get install --yes --no-install-recommends g++
COPY flexcore/csrc flexcore/csrc
RUN python flexcore/csrc/build.py --out libflexcore.so

FROM packages
# Threads that wait by spinning would take the processor from the programs beside them.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 OMP_WAIT_POLICY=PASSIVE
RUN useradd --system --uid 10001 --no-create-home guildhall && install -d -o guildhall /scratch
COPY manage.py pyproject.toml LICENSE ./
COPY flexcore flexcore
COPY --from=native /guildhall/libflexcore.so flexcore/kernels/libflexcore.so
COPY registry registry
COPY workers workers
COPY --from=pages /build/frontend/dist frontend/dist
USER guildhall
EXPOSE 8000
