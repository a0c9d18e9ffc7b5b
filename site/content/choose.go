package content

import (
	"slices"
	"strconv"
	"strings"

	"vitrine/trace"
	"vitrine/web/message"
)

// ChooseOptions are what the configuration says about a choice.
type ChooseOptions struct {
	Languages []string // in the order of preference, where the client's word does not decide
	Equal     bool     // several that the client wants equally are no choice: Choice.Equal is set
	None      bool     // when the client wants none, the one that is best otherwise is chosen all the same
}

// Weights are how much a request wants a variant, in thousandths; a dimension in which the variants do not differ, and
// which cannot refuse one, counts 1000.
type Weights struct{ Type, Language, Charset, Encoding int }

// Choice is what became of the variants.
type Choice struct {
	// Best is the index of the one that was chosen; -1 when none was.
	Best int
	// Equal is set when none was chosen since the client wants several equally.
	Equal bool
	// Forced is set when the client wants none, and one was chosen all the same.
	Forced bool
	// Vary are the fields of the request that could have led to another choice.
	Vary message.FieldSet
	// Weights and Lost are for each variant; Lost says in words by what it lost, "" of the one that was chosen.
	Weights []Weights
	Lost    []string
}

// chooser is the state of one call of Choose.
type chooser struct {
	f        *message.Fields
	variants []Variant
	o        ChooseOptions
	c        Choice
	order    []int // of the languages of each variant: the lower the better
}

// Choose chooses among variants by what a request says it wants (RFC 9110 §12.1). What has the weight 0 in any dimension is
// out. Of the others the best is, as in Apache, the one with
//
//  1. the highest product of the type's weight and its own quality,
//  2. the highest weight of its language,
//  3. the language that comes first in the configured order, and then in the request's,
//  4. the highest level of its type, as in text/html;level=2,
//  5. the highest weight of its charset, and then one that is not ISO-8859-1,
//  6. the highest weight of its content coding,
//  7. the smallest size,
//  8. and the first place in the list.
//
// There is at least one variant.
func Choose(f *message.Fields, variants []Variant, o ChooseOptions) Choice {
	c := chooser{f: f, variants: variants, o: o, order: make([]int, len(variants))}
	c.c = Choice{Best: -1, Weights: make([]Weights, len(variants)), Lost: make([]string, len(variants))}
	c.matters()
	c.weigh()
	if c.c.Best = c.best(false); c.c.Best < 0 {
		if !o.None {
			return c.c
		}
		c.c.Best, c.c.Forced = c.best(true), true
		c.c.Lost[c.c.Best] = ""
	}
	for i := range variants {
		if i == c.c.Best {
			continue
		}
		if by := c.by(i, c.c.Best, c.c.Forced); by != "" {
			c.c.Lost[i] = by
		}
	}
	if o.Equal && !c.c.Forced && c.tied() {
		c.c.Best, c.c.Equal = -1, true
	}
	return c.c
}

// matters finds out which dimensions matter.
func (c *chooser) matters() {
	first := &c.variants[0]
	refuses, charset := !c.o.None, ""
	for i := range c.variants {
		v := &c.variants[i]
		if refuses && v.Type != "" || plainType(v.Type) != plainType(first.Type) {
			c.c.Vary |= message.Set(message.Accept)
		}
		if refuses && len(v.Languages) > 0 || !slices.EqualFunc(v.Languages, first.Languages, strings.EqualFold) {
			c.c.Vary |= message.Set(message.AcceptLanguage)
		}
		if own := charsetOf(v.Type); own != "" && charset == "" { // what names none, such as an image, is no reason
			charset = own
		} else if own != "" && own != charset {
			c.c.Vary |= message.Set(message.AcceptCharset)
		}
		if refuses && v.Encoding != "" || v.Encoding != first.Encoding {
			c.c.Vary |= message.Set(message.AcceptEncoding)
		}
	}
}

// plainType is a media type without its charset, which is another dimension.
func plainType(mediaType string) string {
	media, parameters, _ := strings.Cut(mediaType, ";")
	out := strings.ToLower(strings.TrimSpace(media))
	for p := range strings.SplitSeq(parameters, ";") {
		if p = strings.ToLower(strings.TrimSpace(p)); p != "" && !strings.HasPrefix(p, "charset=") {
			out += ";" + p
		}
	}
	return out
}

// weigh weighs each variant in the dimensions that matter.
func (c *chooser) weigh() {
	some := false // some variant's language is wanted, or a variant has none
	for i := range c.variants {
		v, w := &c.variants[i], &c.c.Weights[i]
		*w = Weights{1000, 1000, 1000, 1000}
		if c.c.Vary.Has(message.Accept) && v.Type != "" {
			w.Type = typeWeight(c.f, v.Type)
		}
		if c.c.Vary.Has(message.AcceptLanguage) {
			w.Language, c.order[i] = c.language(v.Languages)
			some = some || w.Language > 0
		}
		if c.c.Vary.Has(message.AcceptCharset) {
			w.Charset = charsetWeight(c.f, charsetOf(v.Type))
		}
		if c.c.Vary.Has(message.AcceptEncoding) {
			w.Encoding = encodingWeight(c.f, v.Encoding)
		}
	}
	if c.c.Vary.Has(message.AcceptLanguage) && !some {
		c.relate()
	}
}

// language is how much a variant's languages are wanted, and where the best of them stands: in the configured order before
// all that are not in it, and then in the request's.
func (c *chooser) language(tags []string) (weight, order int) {
	const beyond = 1 << 20
	if len(tags) == 0 {
		if !c.f.Has(message.AcceptLanguage) {
			return 1000, 2 * beyond
		}
		return unsaidLanguage, 2 * beyond
	}
	weight, order = -1, 2*beyond
	for _, tag := range tags {
		w, at, fellBack := languageWeight(c.f, tag)
		at = min(at, beyond/4)*2 + beyond
		if fellBack { // after one that the same range covers
			at++
		}
		for i, prefered := range c.o.Languages {
			if subtags(tag, prefered) {
				at = i
				break
			}
		}
		if w > weight || w == weight && at < order {
			weight, order = w, at
		}
	}
	return weight, order
}

// relate gives the variants in a language that is related to those that are wanted the least weight there is.
func (c *chooser) relate() {
	var tags []string
	var of []int
	for i := range c.variants {
		for _, tag := range c.variants[i].Languages {
			tags, of = append(tags, tag), append(of, i)
		}
	}
	best := relatedLanguage(c.f, tags)
	if best < 0 {
		return
	}
	for k, tag := range tags {
		if strings.EqualFold(tag, tags[best]) {
			c.c.Weights[of[k]].Language = unsaidLanguage
		}
	}
}

// best is the index of the best variant, -1 when none is acceptable. forced lets those pass that are not.
func (c *chooser) best(forced bool) int {
	best := -1
	for i := range c.variants {
		if !forced && c.refused(i) != "" {
			continue
		}
		if best < 0 || c.compare(i, best, forced) > 0 {
			best = i
		}
	}
	if !forced {
		for i := range c.variants {
			c.c.Lost[i] = c.refused(i)
		}
	}
	return best
}

// refused says in which dimension a variant is not acceptable, "" when it is.
func (c *chooser) refused(i int) string {
	w, v := &c.c.Weights[i], &c.variants[i]
	switch {
	case w.Type == 0:
		return "the client does not accept its type"
	case v.Source == 0:
		return "its own quality is 0"
	case w.Language == 0:
		return "the client does not accept its language"
	case w.Charset == 0:
		return "the client does not accept its charset"
	case w.Encoding == 0:
		return "the client does not accept its content coding"
	}
	return ""
}

// compare is above 0 when the variant i is better than j, below 0 when it is worse.
func (c *chooser) compare(i, j int, forced bool) int {
	for _, d := range dimensions {
		if n := d.compare(c, i, j, forced); n != 0 {
			return n
		}
	}
	return 0
}

// by says in words by what the variant i lost against j.
func (c *chooser) by(i, j int, forced bool) string {
	if why := c.refused(i); why != "" && !forced {
		return why
	}
	for _, d := range dimensions {
		if d.compare(c, i, j, forced) != 0 {
			return d.words
		}
	}
	return "it comes later in the list"
}

// dimensions are what is compared, in this order.
var dimensions = []struct {
	words   string
	client  bool // it is the client's word that decides
	compare func(c *chooser, i, j int, forced bool) int
}{
	{"another's type is wanted more, or is of better quality", true, func(c *chooser, i, j int, forced bool) int {
		return at(c.c.Weights[i].Type, forced)*at(c.variants[i].Source, forced) - at(c.c.Weights[j].Type, forced)*at(c.variants[j].Source, forced)
	}},
	{"another's language is wanted more", true, func(c *chooser, i, j int, forced bool) int {
		return at(c.c.Weights[i].Language, forced) - at(c.c.Weights[j].Language, forced)
	}},
	{"another's language comes first", false, func(c *chooser, i, j int, forced bool) int { return c.order[j] - c.order[i] }},
	{"another's level is higher", true, func(c *chooser, i, j int, forced bool) int { return level(&c.variants[i]) - level(&c.variants[j]) }},
	{"another's charset is wanted more", true, func(c *chooser, i, j int, forced bool) int {
		return at(c.c.Weights[i].Charset, forced) - at(c.c.Weights[j].Charset, forced)
	}},
	{"another's charset is not ISO-8859-1", false, func(c *chooser, i, j int, forced bool) int { return latin(&c.variants[j]) - latin(&c.variants[i]) }},
	{"another's content coding is wanted more", true, func(c *chooser, i, j int, forced bool) int {
		return at(c.c.Weights[i].Encoding, forced) - at(c.c.Weights[j].Encoding, forced)
	}},
	{"another is smaller", false, func(c *chooser, i, j int, forced bool) int {
		switch a, b := c.variants[i].Size, c.variants[j].Size; {
		case a < b:
			return 1
		case a > b:
			return -1
		}
		return 0
	}},
}

// at is a weight; where a choice is forced, one of 0 is the least.
func at(weight int, forced bool) int {
	if forced {
		return max(weight, 1)
	}
	return weight
}

// level is the level of a variant's type, 0 when it has none.
func level(v *Variant) int {
	n, _ := strconv.Atoi(parameter(v.Type, "level"))
	return n
}

func latin(v *Variant) int {
	if charsetOf(v.Type) == "iso-8859-1" {
		return 1
	}
	return 0
}

// tied reports whether the client wants another variant as much as the best one, of another type or in another language.
func (c *chooser) tied() bool {
	best := c.c.Best
	for i := range c.variants {
		v, b := &c.variants[i], &c.variants[best]
		if i == best || c.refused(i) != "" || plainType(v.Type) == plainType(b.Type) && slices.EqualFunc(v.Languages, b.Languages, strings.EqualFold) {
			continue
		}
		same := true
		for _, d := range dimensions {
			same = same && (!d.client || d.compare(c, i, best, false) == 0)
		}
		if same {
			return true
		}
	}
	return false
}

// Tell adds every variant to a journey, which may be nil: what it is, how much it is wanted, and by what it lost.
func (c *Choice) Tell(variants []Variant, line *trace.Position, tr *trace.Journey) {
	why := reasonChosen
	if c.Forced {
		why = reasonForced
	}
	if c.Best >= 0 {
		why.Reach()
	}
	if len(variants) > 1 || c.Best < 0 {
		reasonLost.Reach()
	}
	if tr == nil {
		return
	}
	for i := range variants {
		v, w := &variants[i], &c.Weights[i]
		e := trace.Event{Step: "negotiate", Reason: reasonLost, Subject: v.Name}
		if i == c.Best {
			e.Reason, e.Taken = why, true
		}
		if line != nil {
			e.Position = *line
		}
		detail := func(name, value string, weight int) {
			if value != "" {
				e.Details = append(e.Details, trace.D(name, value+", wanted "+thousandths(weight)))
			}
		}
		detail("type", v.Type, w.Type)
		if v.Source != 1000 {
			e.Details = append(e.Details, trace.D("its own quality", thousandths(v.Source)))
		}
		detail("language", strings.Join(v.Languages, ", "), w.Language)
		if c.Vary.Has(message.AcceptCharset) {
			detail("charset", charsetOf(v.Type), w.Charset)
		}
		coding := v.Encoding
		if coding == "" && c.Vary.Has(message.AcceptEncoding) {
			coding = "identity"
		}
		detail("coding", coding, w.Encoding)
		e.Details = append(e.Details, trace.D("size", strconv.FormatInt(v.Size, 10)))
		switch {
		case c.Lost[i] != "":
			e.Details = append(e.Details, trace.D("lost", c.Lost[i]))
		case i != c.Best && c.Equal:
			e.Details = append(e.Details, trace.D("lost", "the client wants several equally, and is to choose"))
		}
		tr.Add(e)
	}
}

// thousandths is a weight as it is written in a field, such as "0.5".
func thousandths(w int) string { return strconv.FormatFloat(float64(w)/1000, 'g', -1, 64) }
