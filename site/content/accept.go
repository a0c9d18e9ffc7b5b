package content

import (
	"bytes"

	"vitrine/web/message"
)

// acceptQuality is how much a request wants a media type, in thousandths (RFC 9110 §12.4.2, §12.5.1). The most
// specific range that covers the type decides. Without an Accept field everything is welcome. Ranges with parameters
// other than q cover nothing here, since the types asked about have none; members that are malformed are skipped.
func acceptQuality(f *message.Fields, mainType, subtype string) int {
	if !f.Has(message.Accept) {
		return 1000
	}
	quality, specific := 0, 0
	for value := range f.All(message.Accept) {
		for member := range message.Tokens(value) {
			covers, q := mediaRange(member, mainType, subtype)
			switch {
			case covers > specific:
				quality, specific = q, covers
			case covers > 0 && covers == specific: // said twice: the friendlier word counts
				quality = max(quality, q)
			}
		}
	}
	return quality
}

// mediaRange is how specifically a member of Accept covers a type, from 0 (not at all) to 3 (by name), and its weight.
func mediaRange(member []byte, mainType, subtype string) (covers, q int) {
	name, parameters, _ := bytes.Cut(member, []byte{';'})
	main, sub, ok := bytes.Cut(message.Trim(name), []byte{'/'})
	switch {
	case !ok:
		return 0, 0
	case string(main) == "*" && string(sub) == "*":
		covers = 1
	case message.EqualFold(main, mainType) && string(sub) == "*":
		covers = 2
	case message.EqualFold(main, mainType) && message.EqualFold(sub, subtype):
		covers = 3
	default:
		return 0, 0
	}
	q = 1000
	for len(parameters) > 0 {
		var parameter []byte
		parameter, parameters, _ = bytes.Cut(parameters, []byte{';'})
		parameter = message.Trim(parameter)
		if len(parameter) == 0 {
			continue
		}
		name, value, _ := bytes.Cut(parameter, []byte{'='})
		if !message.EqualFold(name, "q") {
			return 0, 0
		}
		if q, ok = weight(value); !ok {
			return 0, 0
		}
		break // what follows q belongs to the range no more (RFC 7231 §5.3.2)
	}
	return covers, q
}

// weight reads a qvalue (RFC 9110 §12.4.2) in thousandths: "0", "0.5", "1.000".
func weight(value []byte) (q int, ok bool) {
	whole, fraction, _ := bytes.Cut(value, []byte{'.'})
	if len(whole) != 1 || whole[0] != '0' && whole[0] != '1' || len(fraction) > 3 {
		return 0, false
	}
	q = int(whole[0]-'0') * 1000
	for i, place := 0, 100; i < len(fraction); i, place = i+1, place/10 {
		if fraction[i] < '0' || fraction[i] > '9' {
			return 0, false
		}
		q += int(fraction[i]-'0') * place
	}
	return q, q <= 1000
}
