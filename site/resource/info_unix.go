//go:build unix

package resource

import "syscall"

// system fills in what only the system's own record says.
func (i *info) system(record any) {
	if st, ok := record.(*syscall.Stat_t); ok {
		i.device, i.inode, i.ctime = uint64(st.Dev), uint64(st.Ino), changeTime(st)
		i.owner = ids{st.Uid, st.Gid, true}
	}
}
