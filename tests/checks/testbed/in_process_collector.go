package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/otelcol"
)

const startDeadline = 10 * time.Second

// The testbed's correctness tests run the Collector inside of the test. Here they get the program under test as a child
// process, and return from Start when it says that it is ready, as the Collector inside would.
type readyChildProcess struct {
	OtelcolRunner
	folder string
}

func NewInProcessCollector(otelcol.Factories) OtelcolRunner {
	return &readyChildProcess{OtelcolRunner: NewChildProcessCollector()}
}

func (c *readyChildProcess) PrepareConfig(t *testing.T, config string) (func(), error) {
	c.folder = t.TempDir()
	return c.OtelcolRunner.PrepareConfig(t, config)
}

func (c *readyChildProcess) Start(params StartParams) error {
	if params.LogFilePath == "" {
		params.LogFilePath = filepath.Join(c.folder, "agent.log")
	}
	if err := c.OtelcolRunner.Start(params); err != nil {
		return err
	}
	var written []byte
	for end := time.Now().Add(startDeadline); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		written, _ = os.ReadFile(params.LogFilePath)
		if strings.Contains(string(written), "Everything is ready") {
			return nil
		}
	}
	return fmt.Errorf("the program under test did not become ready:\n%s", written)
}
