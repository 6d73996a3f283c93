import node from '@sveltejs/adapter-node';
import files from '@sveltejs/adapter-static';

const adapter = process.env.DEPLOY_ENV === 'docker' ? node() : files();

export default { kit: { adapter } };
