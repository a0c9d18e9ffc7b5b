// Package resource turns paths into files: it is the one guarded door to the file system.
//
// A path arrives decoded and normalised ("/a/b"). Every access goes through one function over openat2's
// RESOLVE_BENEATH, or os.Root where that is missing, so that no name and no symbolic link leads out of the root,
// whatever happens on the disk meanwhile. Links that stay inside are followed, absolute ones that point into the root
// too; those that leave are refused.
//
// Hot answers from memory, on a loop: no lock, no allocation, no disk. Load goes to the disk, off the loops. Both
// return an Entry with a reference that belongs to the caller, who gives it back with Release.
//
// # What is kept
//
// Small files are kept in memory, larger ones as open descriptors; directories as the knowledge that they are there.
// The memory is bounded in bytes, each entry's overhead included, and the descriptors in number. What was used least
// lately goes first, by CLOCK: a hand walks around the entries and takes the first that was not used since it last
// came by. An entry starts as not used, so that a walk over many files that are asked for once does not drive out
// those that are asked for again. Bytes that were evicted while they are being sent live until they are sent and are
// not counted; a descriptor is closed when it was evicted and its last user is gone.
//
// # How old an answer can be
//
// An entry is answered from for the fresh time after it was last compared with the disk. Entries in use are compared
// again in the background before that time is over, so that a hot file never makes a request wait and a changed,
// removed or replaced one is seen within that time; so is a link that leads elsewhere, a directory that was renamed,
// and the root itself when it was replaced. Entries that nobody uses expire, and the next request compares them.
// That something is missing is not kept at all.
//
// A file that changes while it is read into memory is read again, and when it does not come to rest it is sent from
// its descriptor with the length that it had; when it then shrinks, whoever sends it meets its end too early and
// must end the connection as an error, never as a short success.
//
// # What is hidden
//
// A path with a component that begins with a dot names nothing, except below "/.well-known/" (RFC 8615), unless
// LoadOptions.Hidden. It is the requested name that counts, not where a link leads. Hidden files are never hot, so
// that a place that serves them cannot lend them to one that does not.
package resource
