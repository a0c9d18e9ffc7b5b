package message

// Retarget makes dst an independent copy of the request with another method and another target in origin form, encoded as in
// a request line, without the field lines in the set and without a body. It allocates. When the target is at fault dst is
// good for nothing.
func (r *Request) Retarget(dst *Request, method Method, target string, without FieldSet) Fault {
	if target == "" || target[0] != '/' {
		return WrongForm
	}
	name := methodNames[method]
	head := uint32(len(r.arena) + len(r.scratch))
	arena := r.CopyTo(dst, make([]byte, 0, int(head)+len(name)+len(target)))
	arena = append(append(arena, name...), target...)
	fields := Fields{list: make([]Field, 0, len(r.Fields.list))}
	fields.Reset(arena)
	for _, f := range r.Fields.list {
		if !without.Has(f.ID) {
			fields.Add(f.Name, f.Value)
		}
	}
	dst.arena, dst.Fields, dst.ContentLength = arena, fields, 0
	dst.Method, dst.MethodText = method, Span{head, uint32(len(name))}
	dst.Target, dst.path = Target{}, view{}
	fault, _ := dst.ParseTarget(Span{head + uint32(len(name)), uint32(len(target))})
	return fault
}
