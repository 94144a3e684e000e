// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"sort"
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

type summary struct {
	N        int     `json:"n"`
	P50      float64 `json:"p50_us"`
	P90      float64 `json:"p90_us"`
	P99      float64 `json:"p99_us"`
	Max      float64 `json:"max_us"`
	PerSec   float64 `json:"ops_per_s"`
	CPUPerOp float64 `json:"client_cpu_us_per_op"`
	PeakRSS  int     `json:"peak_rss_kb"`
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

func (m *measurement) summary() summary {
	sort.Slice(m.latencies, func(i, j int) bool { return m.latencies[i] < m.latencies[j] })
	n := len(m.latencies)
	if n == 0 {
		return summary{}
	}
	// Nearest rank, as the harness computes it for all clients.
	rank := func(percent int) float64 {
		i := (n*percent + 99) / 100
		if i < 1 {
			i = 1
		}
		return micros(m.latencies[i-1])
	}
	return summary{
		N: n, P50: rank(50), P90: rank(90), P99: rank(99), Max: rank(100),
		PerSec:   float64(n) / m.elapsed.Seconds(),
		CPUPerOp: micros(m.cpu) / float64(n),
		PeakRSS:  m.peakRSS,
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

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
