package config

import (
	"time"

	"vitrine/trace"
)

// SSI is the ssi block.
type SSI struct {
	Off            Value[bool] // true as long as no block is written
	Extensions     []Value[string]
	Types          []Value[string]
	Exec           Value[bool]
	Error          Value[string]
	Undefined      Value[string]
	TimeFormat     Value[string]
	Depth          Value[int]
	Includes       Value[int]
	OutputBytes    Value[int64]
	PageBytes      Value[int64]
	DirectiveBytes Value[int64]
	Variables      Value[int]
	VariableBytes  Value[int64]
	Hold           Value[int64]
	Timeout        Value[time.Duration]
}

// unsaid reports whether nobody has written an ssi block, so that nothing in it means anything.
func (s *SSI) unsaid() bool { return s.Off.V && s.Off.Pos.Origin == trace.Default }
