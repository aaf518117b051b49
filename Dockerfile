# Trainyard's programs, a target each:
#
#   docker build --target manager  -t trainyard-manager:dev .
#   docker build --target launcher -t trainyard-launcher:dev .
#   docker build --target profiler -t trainyard-profiler:dev .
#
# Each image holds one static binary and runs as a user without rights.
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
    go build -trimpath -ldflags "-s -w" -o /out/ ./cmd/manager ./cmd/launcher ./cmd/profiler

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
