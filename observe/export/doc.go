// Package export writes journeys for other programs: HAR, JSON, pcapng and OpenTelemetry spans.
package export
