#!/bin/sh
# The first process of a guest. $0 is in the folder that the host shares with it: `job` there is
# run, and its exit status left there as `status`. The guest ends with this script.
set -e
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run

# The host's root file system is read-only here. What is written goes to memory.
root=/run/root
mkdir /run/upper /run/work $root
mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work overlay $root
mount --rbind /dev $root/dev
mount --rbind /proc $root/proc
mount --rbind /sys $root/sys
mkdir -p $root/dev/pts $root/dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts $root/dev/pts
mount -t tmpfs -o mode=1777 tmpfs $root/dev/shm
mount -t tmpfs -o mode=755 tmpfs $root/run
mount -t debugfs debugfs $root/sys/kernel/debug
mount -t configfs configfs $root/sys/kernel/config

# Nothing of it may be cached: the host answers by writing there.
mkdir $root/run/lab
mkdir -m 700 $root/run/user
mount -t 9p -o trans=virtio,version=9p2000.L,cache=none,msize=262144 lab $root/run/lab
chroot $root ip link set lo up

lab=$root/run/lab
: > $lab/started
set +e
if [ -c /dev/hvc0 ]; then
    chroot $root setsid --ctty --wait sh /run/lab/job < /dev/hvc0 > /dev/hvc0 2>&1
else
    # The only port there is; a byte written to it has reached the host when the call returns.
    set -- /dev/vport*p*
    chroot $root sh /run/lab/job < /dev/null > "$1" 2>&1
fi
status=$?
if [ -e $lab/screenshot.last ]; then
    : > $lab/screenshot.request
    while [ -e $lab/screenshot.request ]; do sleep 0.1; done
fi
echo $status > $lab/status.part
mv $lab/status.part $lab/status
