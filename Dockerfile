# Trainyard's programs, a target each:
#
#   docker build --target manager  -t trainyard-manager:dev .
#   docker build --target launcher -t trainyard-launcher:dev .
#   docker build --target profiler -t trainyard-profiler:dev .
#   docker build --target agent    -t trainyard-agent:dev .
#
# All but the agent hold one static binary each and run as a user without rights.
# The agent loads the GPU driver's library, so it needs the C library that it
# was linked to: it is built and runs on the same release of Debian.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY pkg pkg
COPY internal internal
COPY controllers controllers
COPY cmd cmd
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -tags grpcnotrace -ldflags "-s -w" -o /out/ ./cmd/manager ./cmd/launcher ./cmd/profiler

FROM scratch AS manager
COPY --from=build /out/manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]

FROM scratch AS launcher
COPY --from=build /out/launcher /launcher
USER 65532:65532
ENTRYPOINT ["/launcher"]

FROM scratch AS profiler
COPY --from=build /out/profiler /profiler
USER 65532:65532
ENTRYPOINT ["/profiler"]

FROM golang:1.26-bookworm AS build-agent
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY pkg pkg
COPY internal internal
COPY cmd cmd
RUN CGO_ENABLED=1 CGO_CFLAGS=-Wno-deprecated-declarations \
    go build -trimpath -tags grpcnotrace -ldflags "-s -w -extldflags=-Wl,-z,lazy" -o /out/agent ./cmd/agent

# The DaemonSet runs it as root without a capability: the kubelet's socket
# belongs to root.
FROM debian:bookworm-slim AS agent
COPY --from=build-agent /out/agent /agent
ENV LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/usr/lib64
USER 65532:65532
ENTRYPOINT ["/agent"]
