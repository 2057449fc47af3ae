/*
** Stands in for nginx's stream Lua module, which this system's packages lack:
** the one symbol of it that is looked up. It notes what it was asked to post.
*/

__attribute__((visibility("default"))) void *esim_stream_posted;
__attribute__((visibility("default"))) int esim_stream_count;
__attribute__((visibility("default"))) int
ngx_stream_lua_ffi_sema_post(void *semaphore, int count);

int ngx_stream_lua_ffi_sema_post(void *semaphore, int count) {
  esim_stream_posted = semaphore;
  esim_stream_count += count;
  return 0;
}
