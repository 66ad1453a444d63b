/* The end of the stub's file: what it says of itself, and the number of its channel, which is written in. */
message:
    .ascii "coracle: exec /proc/self/exe: there is no such program in the container\n"
    .set message_length, . - message
    .balign 4
channel:
    .4byte -1
.globl coracle_stub_end
.hidden coracle_stub_end
coracle_stub_end:
.popsection
