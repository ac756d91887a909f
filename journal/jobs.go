package journal

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

const queue = "cnpay"

// worker is the journal's in River.
type worker struct {
	river.WorkerDefaults[turn]
	journal *Journal
}

func (w *worker) Work(ctx context.Context, job *river.Job[turn]) error {
	return w.journal.settle(ctx, job.Args, wait(job.Attempt))
}

// NextRetry is the back-off of jobs that returned an error.
func (w *worker) NextRetry(job *river.Job[turn]) time.Time {
	return time.Now().Add(wait(job.Attempt))
}

// wait is how long a job waits after its attempt.
func wait(attempt int) time.Duration {
	return min(time.Second<<min(max(attempt-1, 0), 10), 5*time.Minute)
}

// Run settles until ctx ends: it hands what is due to River as jobs, unique per entry, generation and turn, and works
// them in this process and in every other one that runs. Any number of replicas may run at once. While the database is
// down it waits, at its beginning too: its error is one of the configuration.
func (j *Journal) Run(ctx context.Context) error {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{journal: j})
	client, err := river.NewClient(j.dialect.driver(j.db), &river.Config{
		FetchCooldown:     min(100*time.Millisecond, j.config.Sweep),
		FetchPollInterval: min(time.Second, j.config.Sweep),
		JobTimeout:        j.config.Lease,
		JobStuckThreshold: j.config.Lease,
		JobStuckHandler: func(context.Context, river.JobStuckHandlerParams) river.JobStuckHandlerResult {
			return river.JobStuckHandlerResult{AddWorkerSlot: true} // what heeds no context keeps its goroutine, and not the others' work
		},
		Logger:   j.config.Logger,
		PollOnly: true,
		Queues:   map[string]river.QueueConfig{queue: {MaxWorkers: j.config.Workers}},
		Workers:  workers,
		// Jobs say nothing that the entry does not: they are kept for a look at what went wrong.
		CompletedJobRetentionPeriod: time.Hour,
	})
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	sweep := time.NewTicker(j.config.Sweep)
	defer sweep.Stop()
	for {
		err := client.Start(ctx)
		if err == nil {
			break
		}
		j.config.Logger.ErrorContext(ctx, "journal: not started yet", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
		}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.config.Limit)
		defer cancel()
		_ = client.StopAndCancel(ctx)
	}()
	pruned := time.Time{}
	for {
		if err := j.safely(ctx, func() error { return j.sweep(ctx, client) }); err != nil && ctx.Err() == nil {
			j.config.Logger.ErrorContext(ctx, "journal: sweep", "error", err)
		}
		if j.config.Retention > 0 && time.Since(pruned) > time.Hour {
			pruned = time.Now()
			if _, err := j.Prune(ctx, j.config.Retention); err != nil && ctx.Err() == nil {
				j.config.Logger.ErrorContext(ctx, "journal: prune", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
		}
	}
}

func (j *Journal) sweep(ctx context.Context, client *river.Client[*sql.Tx]) error {
	j.flush(ctx)
	ctx, cancel := context.WithTimeout(ctx, j.config.Limit)
	defer cancel()
	_, err := j.handOut(ctx, 4*j.config.Workers, func(tx *sql.Tx, turns []turn) error {
		jobs := make([]river.InsertManyParams, len(turns))
		for i, t := range turns {
			jobs[i] = river.InsertManyParams{Args: t, InsertOpts: &river.InsertOpts{
				Queue: queue,
				UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
					rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
					rivertype.JobStateRetryable, rivertype.JobStateScheduled,
				}},
			}}
		}
		_, err := client.InsertManyTx(ctx, tx, jobs)
		return err
	})
	return err
}
