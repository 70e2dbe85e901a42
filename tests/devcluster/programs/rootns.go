package main

// rootns PROGRAM ARGS…
//
// Runs a program whose root folder is also the root of its mount namespace.
//
// In a chroot these are two: `kubectl exec` joins a container's mount namespace and would land outside of the chroot, in
// the machine's root. So the chroot's root, which has to be a mount point, is moved over the namespace's root, as
// switch_root does. Outside of a chroot nothing is done. The caller is in a mount namespace of its own already.

import (
	"log"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func rootns(args []string) {
	log.SetFlags(0)
	runtime.LockOSThread() // what follows is this thread's alone, and it is the one that becomes the program
	program, err := exec.LookPath(args[0])
	if err != nil {
		log.Fatal("rootns: ", err)
	}
	cwd, err := os.Getwd()
	if err != nil {
		log.Fatal("rootns: ", err)
	}
	if err := moveRoot(); err != nil {
		log.Fatal("rootns: failed to make the chroot's root the root of the mount namespace: ", err,
			"; the chroot's root must be a mount point: mount --bind DIR DIR")
	}
	if err := unix.Chdir(cwd); err != nil {
		log.Fatal("rootns: ", err)
	}
	log.Fatal("rootns: ", syscall.Exec(program, args, os.Environ()))
}

func moveRoot() error {
	root, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	namespace, err := unix.Open("/proc/self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	// Joining the namespace that we are in already has one effect: our root becomes the namespace's.
	if err := unix.Setns(namespace, unix.CLONE_NEWNS); err != nil {
		return err
	}
	var ours, its unix.Stat_t
	if err := unix.Fstat(root, &ours); err != nil {
		return err
	}
	if err := unix.Stat("/", &its); err != nil {
		return err
	}
	if ours.Dev == its.Dev && ours.Ino == its.Ino {
		return nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Fchdir(root); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return err
	}
	return unix.Chroot(".")
}
