package journey

func hostOf(authority []byte) []byte { return authority }

func pathOf(target []byte) []byte { return target }
