package resource

import "vitrine/trace"

// What was found.
var (
	reasonKept = trace.Declare("resource.kept", trace.Info,
		"The file was answered from what is kept of it, which was compared with the disk less than the fresh time ago.", "")
	reasonUnchanged = trace.Declare("resource.unchanged", trace.Info,
		"The file was compared with what is kept of it and has not changed.", "")
	reasonRead = trace.Declare("resource.read", trace.Info,
		"The file was read from the disk into memory.", "")
	reasonOpened = trace.Declare("resource.opened", trace.Info,
		"The file was opened and is sent from its descriptor, since it is larger than what is kept in memory.", "")
	reasonUnsteady = trace.Declare("resource.unsteady", trace.Info,
		"The file kept changing while it was read, so it is sent from its descriptor with the length it had.", "")
	reasonDirectory = trace.Declare("resource.directory", trace.Info,
		"The path leads to a directory.", "")
	reasonFound = trace.Declare("resource.found", trace.Info,
		"The path leads to this, by its name without symbolic links; it is not opened here.", "")
	reasonListed = trace.Declare("resource.listed", trace.Info,
		"The directory was read to list what is in it.", "")
	reasonListCut = trace.Declare("resource.list-cut", trace.Info,
		"The directory has more entries than a list may have, so only the first ones that were found are listed.", "")
	reasonNamesRead = trace.Declare("resource.names-read", trace.Info,
		"The names in the directory were read, to find files by the beginning of their names.", "")
	reasonNamesUnchanged = trace.Declare("resource.names-unchanged", trace.Info,
		"The directory was compared with what is kept of its names and has not changed.", "")
	reasonRootMoved = trace.Declare("resource.root-moved", trace.Info,
		"The name of the root directory leads to another directory than before, and that one was opened.", "")
)

// Why nothing is answered from a path.
var (
	reasonMissing = trace.Declare("resource.missing", trace.Refused,
		"Nothing with this name exists.", "RFC 9110 §15.5.5")
	reasonNotDirectory = trace.Declare("resource.not-a-directory", trace.Refused,
		"The path goes on below a name that is a file and no directory, so nothing can be there.", "RFC 9110 §15.5.5")
	reasonSlashOnFile = trace.Declare("resource.slash-on-file", trace.Refused,
		"The path ends with a slash, which asks for a directory, but the name is a file.", "RFC 9110 §15.5.5")
	reasonHidden = trace.Declare("resource.hidden", trace.Refused,
		"A name in the path begins with a dot. Such files are not shown unless the configuration says so.", "RFC 9110 §15.5.5")
	reasonMalformed = trace.Declare("resource.malformed", trace.Refused,
		"The path cannot be the name of any file: it has an empty, a dot or a NUL component.", "RFC 9110 §15.5.5")
	reasonNameTooLong = trace.Declare("resource.name-too-long", trace.Refused,
		"The path or a name in it is longer than the system allows, so nothing can have it.", "RFC 9110 §15.5.5")
	reasonLoop = trace.Declare("resource.link-loop", trace.Refused,
		"The path leads through too many symbolic links, or in a circle of them.", "RFC 9110 §15.5.5")
	reasonEscapes = trace.Declare("resource.escapes", trace.Refused,
		"The path leads through a symbolic link that points out of the root directory.", "RFC 9110 §15.5.4")
	reasonNoLinks = trace.Declare("resource.no-links", trace.Refused,
		"The path leads through a symbolic link, and the configuration has none followed here.", "RFC 9110 §15.5.4")
	reasonOtherOwner = trace.Declare("resource.link-of-another", trace.Refused,
		"The path leads through a symbolic link that belongs to another user than what it leads to, and only links of the same owner are followed here.",
		"RFC 9110 §15.5.4")
	reasonForbidden = trace.Declare("resource.forbidden", trace.Refused,
		"The user that the server runs as may not read the file, or may not search a directory on the way to it.",
		"RFC 9110 §15.5.4")
	reasonSpecial = trace.Declare("resource.special", trace.Refused,
		"The name is neither a file nor a directory but a device, a pipe or a socket, and those are not served.",
		"RFC 9110 §15.5.4")
	reasonExhausted = trace.Declare("resource.exhausted", trace.Failed,
		"The system has no descriptor or memory left to open another file.", "RFC 9110 §15.6.4")
	reasonRootGone = trace.Declare("resource.root-gone", trace.Failed,
		"The root directory that the configuration names is not there any more.", "RFC 9110 §15.6.4")
	reasonClosed = trace.Declare("resource.closed", trace.Failed,
		"The root directory was given up, since no configuration uses it any more.", "RFC 9110 §15.6.4")
	reasonFailed = trace.Declare("resource.failed", trace.Failed,
		"The system reported an error while the file was looked at or read.", "RFC 9110 §15.6.1")
)
