package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// expressionFunctions are the functions an expression may call, in the order of the reference. Env is not in here
// because it reads the environment the Options give.
var expressionFunctions = []struct {
	name, usage, doc string
	function         function.Function
}{
	{"can", `can(expression)`, "whether the expression can be evaluated", tryfunc.CanFunc},
	{"coalesce", `coalesce(a, b, …)`, "the first value that is not null", stdlib.CoalesceFunc},
	{"concat", `concat(list, list, …)`, "the lists joined into one", stdlib.ConcatFunc},
	{"contains", `contains(list, value)`, "whether the list has the value", stdlib.ContainsFunc},
	{"distinct", `distinct(list)`, "the list without repetitions", stdlib.DistinctFunc},
	{"flatten", `flatten(lists)`, "a list of lists as one list", stdlib.FlattenFunc},
	{"format", `format("%s:%d", host, port)`, "a text with values put in", stdlib.FormatFunc},
	{"join", `join(", ", list)`, "a list of texts joined into one text", stdlib.JoinFunc},
	{"jsonencode", `jsonencode(value)`, "the value as JSON", stdlib.JSONEncodeFunc},
	{"keys", `keys(map)`, "the names of a map", stdlib.KeysFunc},
	{"length", `length(list)`, "how many elements there are", stdlib.LengthFunc},
	{"lower", `lower("Text")`, "the text in lower case", stdlib.LowerFunc},
	{"max", `max(a, b, …)`, "the largest number", stdlib.MaxFunc},
	{"merge", `merge(map, map, …)`, "the maps joined into one; the later wins", stdlib.MergeFunc},
	{"min", `min(a, b, …)`, "the smallest number", stdlib.MinFunc},
	{"range", `range(3)`, "the numbers from 0 up", stdlib.RangeFunc},
	{"replace", `replace(text, old, new)`, "the text with each old put as new", stdlib.ReplaceFunc},
	{"sort", `sort(list)`, "a list of texts in order", stdlib.SortFunc},
	{"split", `split(",", text)`, "a text cut into a list", stdlib.SplitFunc},
	{"substr", `substr(text, offset, length)`, "a part of the text", stdlib.SubstrFunc},
	{"trimprefix", `trimprefix(text, prefix)`, "the text without that beginning", stdlib.TrimPrefixFunc},
	{"trimspace", `trimspace(text)`, "the text without space around it", stdlib.TrimSpaceFunc},
	{"trimsuffix", `trimsuffix(text, suffix)`, "the text without that end", stdlib.TrimSuffixFunc},
	{"try", `try(env.NAME, "other")`, "the first expression that can be evaluated", tryfunc.TryFunc},
	{"upper", `upper("Text")`, "the text in upper case", stdlib.UpperFunc},
	{"values", `values(map)`, "the values of a map", stdlib.ValuesFunc},
}

const envFunctionUsage, envFunctionDoc = `env("NAME", "other")`, "an environment variable, or the other text when it is not set"

// callable makes the functions of one run, with env bound to it.
func (d *decoder) callable() map[string]function.Function {
	all := make(map[string]function.Function, len(expressionFunctions)+1)
	for _, f := range expressionFunctions {
		all[f.name] = f.function
	}
	all["env"] = function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "name", Type: cty.String},
			{Name: "other", Type: cty.DynamicPseudoType, AllowNull: true},
		},
		Type: func(args []cty.Value) (cty.Type, error) {
			if _, set := d.opt.Env(args[0].AsString()); set {
				return cty.String, nil
			}
			return args[1].Type(), nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, set := d.lookup(args[0].AsString(), hcl.Range{})
			if !set {
				return args[1], nil
			}
			d.envCalled = true
			return cty.StringVal(text), nil
		},
	})
	return all
}
