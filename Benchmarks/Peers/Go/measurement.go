// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// measurement holds the latencies of the measured phase and what it cost.
type measurement struct {
	latencies []time.Duration
	started   time.Time
	elapsed   time.Duration
	cpuBefore time.Duration
	cpu       time.Duration
	peakRSS   int
}

// raw is what the harness makes figures of; all clients' workers print it.
type raw struct {
	Latencies []int64 `json:"latencies_ns"`
	Elapsed   int64   `json:"elapsed_ns"`
	Processor int64   `json:"processor_ns"`
	PeakRSS   int     `json:"peak_rss_kb"`
}

func (m *measurement) begin() {
	m.cpuBefore = processorTime()
	m.started = time.Now()
}

func (m *measurement) end() {
	m.elapsed = time.Since(m.started)
	m.cpu = processorTime() - m.cpuBefore
	m.peakRSS = peakRSS()
}

func (m *measurement) raw() raw {
	latencies := make([]int64, len(m.latencies))
	for i, latency := range m.latencies {
		latencies[i] = latency.Nanoseconds()
	}
	return raw{latencies, m.elapsed.Nanoseconds(), m.cpu.Nanoseconds(), m.peakRSS}
}

// processorTime is what this process used so far, user and system.
func processorTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakRSS is VmHWM in kB.
func peakRSS() int {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	for _, line := range strings.Split(string(status), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kilobytes, _ := strconv.Atoi(fields[1])
			return kilobytes
		}
	}
	return 0
}
