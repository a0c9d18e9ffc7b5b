package journey

import "time"

// Settings say what is recorded. They may change while a Recorder runs.
type Settings struct {
	Off       bool
	Failures  bool          // only exchanges that failed or were slow
	Sample    int           // one in so many; 0 and 1: all
	Most      int           // a second; 0: no bound. Failures and slow ones are not counted
	Slow      time.Duration // a request that takes longer is kept as a failure is; 0: none is slow
	When      *Filter       // only those that match; nil: all
	Memory    int64         // bytes of the last journeys; 0: 32 MiB
	Kept      int64         // bytes of those that failed or were slow, when they leave the last ones; 0: 8 MiB
	HeadBytes int           // of each head; 0: 4 KiB
	Show      []string      // fields that are recorded although they are secret by type
	Hide      []string      // further fields that are secret
}
