/* The kernels of the benchmark. Each does `rounds` rounds of its work and returns a checksum of it. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

struct kernel {
	const char *name;
	uint32_t (*run)(uint32_t rounds);
	uint32_t rounds;		/* if the command line does not say */
};

extern const struct kernel kernels[];
extern const uint32_t kernel_count;

uint32_t run_alu(uint32_t rounds);
uint32_t run_crc(uint32_t rounds);
uint32_t run_sieve(uint32_t rounds);
uint32_t run_copy(uint32_t rounds);
uint32_t run_rep_movsd(uint32_t rounds);
uint32_t run_chase(uint32_t rounds);
uint32_t run_lz(uint32_t rounds);
uint32_t run_mixed(uint32_t rounds);
uint32_t run_calls(uint32_t rounds);
uint32_t run_empty(uint32_t rounds);
uint32_t run_nbody(uint32_t rounds);
uint32_t run_matrix_single(uint32_t rounds);
uint32_t run_matrix_double(uint32_t rounds);
uint32_t run_mandelbrot(uint32_t rounds);
uint32_t run_port(uint32_t rounds);
uint32_t run_rewrite(uint32_t rounds);
uint32_t run_int_trip(uint32_t rounds);
uint32_t run_ring_trip(uint32_t rounds);
uint32_t run_gate_trip(uint32_t rounds);
uint32_t run_sysenter_trip(uint32_t rounds);
uint32_t run_fault_storm(uint32_t rounds);
uint32_t run_switch_storm(uint32_t rounds);
uint32_t run_flag_storm(uint32_t rounds);
uint32_t run_segment_storm(uint32_t rounds);
uint32_t run_irq_storm(uint32_t rounds);
uint32_t run_timer_storm(uint32_t rounds);
uint32_t run_port_out(uint32_t rounds);
uint32_t run_port_device(uint32_t rounds);
uint32_t run_port_in(uint32_t rounds);
uint32_t run_port_outs(uint32_t rounds);
uint32_t run_port_ins(uint32_t rounds);
uint32_t run_port_call(uint32_t rounds);
uint32_t run_port_call_in(uint32_t rounds);
uint32_t run_port_call_outs(uint32_t rounds);
uint32_t run_irq_flags(uint32_t rounds);

#endif
