#include "plan.h"

#include <math.h>

#include "clock.h"
#include "schedule.h"

#define EARLY 0.05      /* of its interval: how early a look may come */
#define EARLY_MAX 0.1   /* seconds of that: at most 0.255 */

static double next_age(const esim_work *w, bool together) {
  double last = w->looked - w->born, chance = esim_chance();
  return w->lore != NULL
             ? esim_lore_next(w->lore, &w->schedule, last, w->looks, together,
                              chance)
             : esim_schedule_next(&w->schedule, NULL, last, w->looks, together,
                                  chance);
}

void esim_plan_look(esim_queues *q, esim_work *w, bool together,
                    double no_sooner) {
  double due = w->born + next_age(w, together);
  due = esim_schedule_bound(fmax(due, no_sooner), w->deadline);
  w->final = due >= w->deadline;
  double early = fmin(EARLY * (due - w->looked), EARLY_MAX);
  early = fmax(fmin(early, due - no_sooner), 0);
  w->early = w->final ? 0 : (unsigned char)(1000 * early);
  esim_queues_wait(q, w, due);
}

void esim_plan_retry(esim_queues *q, esim_work *w, double now) {
  w->failures = esim_one_more(w->failures);
  double pause = esim_schedule_retry(w->failures, w->retry_after,
                                     esim_chance());
  if (w->final) {
    esim_queues_finish(q, w, ESIM_DEADLINE);
    return;
  }
  double due = esim_schedule_bound(now + pause, w->deadline);
  w->final = due >= w->deadline;
  w->early = 0;
  esim_queues_wait(q, w, due);
}

void esim_plan_next(esim_queues *q, esim_work *w, double retry_after) {
  esim_work_learn(w, false);
  w->looks = esim_one_more(w->looks);
  w->failures = 0;
  w->http = 0;
  w->last = ESIM_OK;
  w->retry_after = -1;
  if (w->final)
    esim_queues_finish(q, w, ESIM_DEADLINE);
  else
    esim_plan_look(q, w, false,
                   retry_after < 0 ? -INFINITY : w->looked + retry_after);
}
